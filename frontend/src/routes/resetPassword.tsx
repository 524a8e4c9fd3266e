import { useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { AuthFrame } from '@/features/session/AuthFrame';
import { ResetPasswordForm } from '@/features/session/ResetPasswordForm';
import { tokenFrom } from '@/features/session/registration';
import { StateNote } from '@/ui/States';
import { TextLink } from '@/ui/TextLink';

/** Where the link of a mail leads: another password is chosen. */
export default function ResetPassword() {
  const navigate = useNavigate();
  const [token] = useState(tokenFrom(useLocation()));
  return (
    <AuthFrame
      title="Choose a new password"
      lead="It takes the place of the old one, and all your sessions end."
      foot={
        <>
          The link no longer works? <TextLink to="/forgot-password">Ask for another</TextLink>
        </>
      }
    >
      {token === '' ? (
        <StateNote title="This link is not complete">
          Open the link of the mail as it is, to its very end.
        </StateNote>
      ) : (
        <ResetPasswordForm
          token={token}
          onDone={() => navigate('/login', { replace: true, state: { reset: true } })}
        />
      )}
    </AuthFrame>
  );
}
