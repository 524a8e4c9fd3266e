import { useLocation } from 'react-router';
import { AuthFrame } from '@/features/session/AuthFrame';
import { ForgotPasswordForm } from '@/features/session/ForgotPasswordForm';
import { signInStartFrom } from '@/features/session/signIn';
import { TextLink } from '@/ui/TextLink';

/** Asks for a mail with a link to choose another password. */
export default function ForgotPassword() {
  return (
    <AuthFrame
      title="Forgot your password?"
      lead="We send you a link to choose a new one."
      foot={<TextLink to="/login">Back to signing in</TextLink>}
    >
      <ForgotPasswordForm email={signInStartFrom(useLocation().state).email} />
    </AuthFrame>
  );
}
