import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { http } from '@/api/client';
import { askWith } from '@/api/passwordAgain';
import { done, fieldProblems } from '@/api/problem';
import { FormDialog } from '@/ui/FormDialog';
import { FormProblem } from '@/ui/FormProblem';
import { PasswordField } from '@/ui/PasswordField';

/** Waits until something asks for the password again, then asks the user. */
export function PasswordAgain() {
  const [answer, setAnswer] = useState<((given: boolean) => void) | null>(null);
  useEffect(
    () =>
      askWith(
        () =>
          new Promise((resolve) => {
            setAnswer(() => (given: boolean) => {
              setAnswer(null);
              resolve(given);
            });
          }),
      ),
    [],
  );
  return answer === null ? null : <PasswordAgainDialog onAnswer={answer} />;
}

function PasswordAgainDialog({ onAnswer }: { onAnswer: (given: boolean) => void }) {
  const [password, setPassword] = useState('');
  const confirm = useMutation({
    mutationFn: () => done(http.POST('/api/v1/auth/reauthenticate', { body: { password } })),
    onSuccess: () => onAnswer(true),
  });
  const problems = fieldProblems(confirm.error, ['/password'], {
    wrong_password: ['/password', 'That is not your password.'],
  });
  return (
    <FormDialog
      title="Your password, please"
      submitLabel="Continue"
      onClose={() => onAnswer(false)}
      onSubmit={() => confirm.mutate()}
      error={confirm.error}
      isSending={confirm.isPending}
    >
      <div>What you are about to do asks for a password given in the last five minutes.</div>
      <PasswordField
        label="Password"
        name="password"
        autoComplete="current-password"
        required
        autoFocus
        value={password}
        onChange={setPassword}
        problem={problems.at('/password')}
      />
      <FormProblem problems={problems} />
    </FormDialog>
  );
}
