import Alert from '@mui/material/Alert';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import { AuthFrame } from '@/features/session/AuthFrame';
import { LoginForm } from '@/features/session/LoginForm';
import { safeNext, signInStartFrom } from '@/features/session/signIn';
import { TextLink } from '@/ui/TextLink';

/** Signs in and goes on to where the user wanted to be. */
export default function Login() {
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const start = signInStartFrom(useLocation().state);
  return (
    <AuthFrame
      title="Sign in"
      foot={
        <>
          <div>
            <TextLink to="/forgot-password">Forgot your password?</TextLink>
          </div>
          <div>
            New here? <TextLink to="/create-tenant">Create an organisation</TextLink>
          </div>
        </>
      }
    >
      {start.registered && (
        <Alert severity="success" variant="outlined" sx={{ mb: 2.5 }}>
          You are registered. Sign in to continue.
        </Alert>
      )}
      {start.reset && (
        <Alert severity="success" variant="outlined" sx={{ mb: 2.5 }}>
          Your new password is in force. Sign in with it.
        </Alert>
      )}
      {start.ended === 'expired' && (
        <Alert severity="info" variant="outlined" sx={{ mb: 2.5 }}>
          Your session ended. Sign in to go on where you were.
        </Alert>
      )}
      <LoginForm
        start={start}
        onSignedIn={() => navigate(safeNext(params.get('next')), { replace: true })}
      />
    </AuthFrame>
  );
}
