import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { problemOf } from '@/api/problem';
import { AuthFrame } from '@/features/session/AuthFrame';
import { invitationQuery } from '@/features/session/queries';
import { RegisterForm } from '@/features/session/RegisterForm';
import { tokenFrom } from '@/features/session/registration';
import { aRole } from '@/features/users/roles';
import { Failed, LoadingLines, StateNote } from '@/ui/States';
import { TextLink } from '@/ui/TextLink';

/** Where the link of an invitation leads: what it offers, and how to take it. */
export default function AcceptInvitation() {
  const navigate = useNavigate();
  const [token] = useState(tokenFrom(useLocation()));
  const query = useQuery({ ...invitationQuery(token), enabled: token !== '' });
  const offer = query.data;
  return (
    <AuthFrame
      title={offer === undefined ? 'Join your team' : `Join ${offer.tenant.name}`}
      {...(offer === undefined
        ? {}
        : { lead: `You are invited as ${aRole(offer.role)}. Choose a password to accept.` })}
      foot={
        <>
          Registered before? <TextLink to="/login">Sign in</TextLink>
        </>
      }
    >
      {offer !== undefined ? (
        <RegisterForm
          start={{
            invitation_token: token,
            email: offer.email,
            tenant_subdomain: offer.tenant.subdomain,
            ...(offer.full_name === null ? {} : { full_name: offer.full_name }),
          }}
          onRegistered={(as) => navigate('/login', { state: { ...as, registered: true } })}
        />
      ) : token === '' || (query.isError && problemOf(query.error).status === 403) ? (
        <StateNote title="This invitation is no longer open">
          It was used, taken back, replaced by a newer one, or it expired. Ask whoever invited you
          for another.
        </StateNote>
      ) : query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <LoadingLines />
      )}
    </AuthFrame>
  );
}
