import ExpandMoreOutlined from '@mui/icons-material/ExpandMoreOutlined';
import Accordion from '@mui/material/Accordion';
import AccordionDetails from '@mui/material/AccordionDetails';
import AccordionSummary from '@mui/material/AccordionSummary';
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import type { FieldProblems } from '@/api/problem';
import { keysOf, oneOf } from '@/lib/oneOf';
import { Field } from '@/ui/Field';
import { catchUps, overlaps, type ScheduleFormValues } from './scheduleForm';
import { PriorityField, TaskTypeField } from './WorkFields';

interface ScheduleOptionsProps {
  values: ScheduleFormValues;
  onChange: (change: Partial<ScheduleFormValues>) => void;
  problems: FieldProblems;
}

const pointers = [
  '/task_type',
  '/priority',
  '/timeout_seconds',
  '/max_attempts',
  '/queue_timeout_seconds',
];

/** What has a good default, folded away. */
export function ScheduleOptions({ values, onChange, problems }: ScheduleOptionsProps) {
  const hasProblem = pointers.some((pointer) => problems.at(pointer) !== undefined);
  return (
    <Accordion
      variant="outlined"
      disableGutters
      {...(hasProblem ? { expanded: true } : {})}
      slotProps={{ transition: { unmountOnExit: true } }}
      sx={{ borderRadius: '8px', '&::before': { display: 'none' } }}
    >
      <AccordionSummary expandIcon={<ExpandMoreOutlined />}>More options</AccordionSummary>
      <AccordionDetails>
        <Stack sx={{ gap: 2.25 }}>
          <TaskTypeField
            value={values.task_type}
            onChange={(task_type) => onChange({ task_type })}
            problems={problems}
          />
          <PriorityField
            value={values.priority}
            onChange={(priority) => onChange({ priority })}
            problems={problems}
          />
          <TextField
            select
            label="If the task before is not over"
            value={values.overlap}
            onChange={({ target }) =>
              onChange({ overlap: oneOf(keysOf(overlaps), target.value) ?? values.overlap })
            }
          >
            {keysOf(overlaps).map((rule) => (
              <MenuItem key={rule} value={rule}>
                {overlaps[rule]}
              </MenuItem>
            ))}
          </TextField>
          <TextField
            select
            label="For times that were missed"
            value={values.catch_up}
            onChange={({ target }) =>
              onChange({ catch_up: oneOf(keysOf(catchUps), target.value) ?? values.catch_up })
            }
          >
            {keysOf(catchUps).map((rule) => (
              <MenuItem key={rule} value={rule}>
                {catchUps[rule]}
              </MenuItem>
            ))}
          </TextField>
          <Field
            label="Time limit in seconds"
            type="number"
            required
            value={values.timeout_seconds}
            onChange={(timeout_seconds) => onChange({ timeout_seconds })}
            problem={problems.at('/timeout_seconds')}
            slotProps={{ htmlInput: { min: 1, max: 86_400 } }}
          />
          <Field
            label="Attempts at most"
            type="number"
            required
            value={values.max_attempts}
            onChange={(max_attempts) => onChange({ max_attempts })}
            problem={problems.at('/max_attempts')}
            slotProps={{ htmlInput: { min: 1, max: 10 } }}
          />
          <Field
            label="Seconds to wait for a worker"
            type="number"
            value={values.queue_timeout_seconds}
            onChange={(queue_timeout_seconds) => onChange({ queue_timeout_seconds })}
            problem={problems.at('/queue_timeout_seconds')}
            help="As long as it takes if left empty."
            slotProps={{ htmlInput: { min: 1, max: 86_400 } }}
          />
        </Stack>
      </AccordionDetails>
    </Accordion>
  );
}
