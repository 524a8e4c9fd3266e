import { useNavigate } from 'react-router';
import { AuthFrame } from '@/features/session/AuthFrame';
import { CreateTenantForm } from '@/features/tenants/CreateTenantForm';
import { TextLink } from '@/ui/TextLink';

/** Step one of two: the organisation. Its owner registers next. */
export default function CreateTenant() {
  const navigate = useNavigate();
  return (
    <AuthFrame
      title="Create your organisation"
      lead="Step 1 of 2. Next you register as its owner."
      foot={
        <>
          Already have one? <TextLink to="/login">Sign in</TextLink>
        </>
      }
    >
      <CreateTenantForm
        onCreated={(tenant) =>
          navigate('/register', {
            state: {
              tenant_name: tenant.name,
              tenant_subdomain: tenant.subdomain,
              email: tenant.contact_email,
              full_name: tenant.contact_name,
              setup_token: tenant.setup_token,
            },
          })
        }
      />
    </AuthFrame>
  );
}
