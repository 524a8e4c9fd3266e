import { useLocation, useNavigate } from 'react-router';
import { AuthFrame } from '@/features/session/AuthFrame';
import { RegisterForm } from '@/features/session/RegisterForm';
import { registrationFrom } from '@/features/session/registration';
import { TextLink } from '@/ui/TextLink';

/** Registers an organisation's owner, or someone who was invited. */
export default function Register() {
  const navigate = useNavigate();
  const start = registrationFrom(useLocation());
  const place = start.tenant_name ?? start.tenant_subdomain;
  const isOwner = start.setup_token !== undefined;
  return (
    <AuthFrame
      title={isOwner ? 'Register as the owner' : 'Join your team'}
      lead={
        isOwner
          ? `Step 2 of 2. You will own ${place}.`
          : `Register${place === undefined ? '' : ` with ${place}`} with the invitation you received.`
      }
      foot={
        <>
          Registered before? <TextLink to="/login">Sign in</TextLink>
        </>
      }
    >
      <RegisterForm
        start={start}
        onRegistered={({ email, tenant_subdomain }) =>
          navigate('/login', { state: { email, tenant_subdomain, registered: true } })
        }
      />
    </AuthFrame>
  );
}
