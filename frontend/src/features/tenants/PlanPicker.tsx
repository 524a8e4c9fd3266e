import CheckOutlined from '@mui/icons-material/CheckOutlined';
import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useCan } from '@/api/me';
import { ActionButton } from '@/ui/ActionButton';
import { Answered } from '@/ui/Answered';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { useNotify } from '@/ui/Notices';
import { includedIn, type Plan, planName, plansQuery, priceOf } from './plans';
import { type SubscriptionTier, useChangeSubscription } from './queries';

/** The plans, the present one marked, and the change to another. */
export function PlanPicker({ current }: { current: SubscriptionTier }) {
  const notify = useNotify();
  const [chosen, setChosen] = useState<Plan | null>(null);
  const plans = useQuery(plansQuery);
  const change = useChangeSubscription();
  const close = () => {
    setChosen(null);
    change.reset();
  };
  return (
    <>
      <Answered query={plans}>
        {(all) => (
          <Box
            component="ul"
            aria-label="Plans"
            sx={{
              display: 'grid',
              gridTemplateColumns: 'repeat(auto-fit, minmax(220px, 1fr))',
              gap: 2,
              listStyle: 'none',
              m: 0,
              p: 0,
            }}
          >
            {all.map((plan) => (
              <PlanCard
                key={plan.tier}
                plan={plan}
                isCurrent={plan.tier === current}
                onChoose={() => setChosen(plan)}
              />
            ))}
          </Box>
        )}
      </Answered>
      {chosen !== null && (
        <ConfirmDialog
          title={`Change to ${planName(chosen.tier)}?`}
          confirmLabel={`Change to ${planName(chosen.tier)}`}
          isSending={change.isPending}
          error={change.error}
          onConfirm={() =>
            change.mutate(chosen.tier, {
              onSuccess: () => {
                close();
                notify(`Your plan is now ${planName(chosen.tier)}`);
              },
            })
          }
          onClose={close}
        >
          The limits of {planName(chosen.tier)} ({priceOf(chosen)}) hold at once in place of those
          of {planName(current)}.
        </ConfirmDialog>
      )}
    </>
  );
}

interface PlanCardProps {
  plan: Plan;
  isCurrent: boolean;
  onChoose: () => void;
}

function PlanCard({ plan, isCurrent, onChoose }: PlanCardProps) {
  const verdict = useCan()('change_subscription');
  return (
    <Stack
      component="li"
      aria-current={isCurrent ? 'true' : undefined}
      sx={{
        p: 2.5,
        gap: 1.5,
        bgcolor: 'background.paper',
        border: isCurrent ? 2 : 1,
        borderColor: isCurrent ? 'primary.main' : 'divider',
        borderRadius: '12px',
      }}
    >
      <div>
        <Typography variant="h2">{planName(plan.tier)}</Typography>
        <Typography sx={{ color: 'text.secondary' }}>{priceOf(plan)}</Typography>
      </div>
      <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0, flexGrow: 1, fontSize: '0.875rem' }}>
        {includedIn(plan).map((item) => (
          <Box component="li" key={item} sx={{ display: 'flex', gap: 1, alignItems: 'center' }}>
            <CheckOutlined sx={{ fontSize: 16, color: 'primary.main' }} />
            {item}
          </Box>
        ))}
      </Box>
      {isCurrent ? (
        <Typography sx={{ fontWeight: 600, color: 'primary.main', lineHeight: '36px' }}>
          Your plan
        </Typography>
      ) : (
        <ActionButton verdict={verdict} variant="outlined" onClick={onChoose}>
          Change to {planName(plan.tier)}
        </ActionButton>
      )}
    </Stack>
  );
}
