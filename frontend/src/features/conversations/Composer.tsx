import SendOutlined from '@mui/icons-material/SendOutlined';
import Box from '@mui/material/Box';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import type { Verdict } from '@/lib/can';
import { ActionButton } from '@/ui/ActionButton';

interface ComposerProps {
  verdict: Verdict;
  isSending: boolean;
  /** Returns whether it was taken; what was not stays in the field. */
  onSend: (text: string) => Promise<boolean>;
}

/** Where a message is written: Enter sends it, with Shift it begins a line. */
export function Composer({ verdict, isSending, onSend }: ComposerProps) {
  const [text, setText] = useState('');
  const isReady = verdict.allowed && !isSending && text.trim() !== '';

  async function send(): Promise<void> {
    if (isReady && (await onSend(text.trim()))) setText('');
  }

  return (
    <Box
      component="form"
      aria-label="Message"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      sx={{ display: 'flex', gap: 1, alignItems: 'flex-end' }}
    >
      <TextField
        label="Message"
        multiline
        maxRows={8}
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          void send();
        }}
        slotProps={{ htmlInput: { maxLength: 32_000 } }}
      />
      <ActionButton
        verdict={verdict}
        type="submit"
        variant="contained"
        loading={isSending}
        disabled={verdict.allowed && text.trim() === ''}
        startIcon={<SendOutlined />}
        sx={{ minHeight: 40, flexShrink: 0 }}
      >
        Send
      </ActionButton>
    </Box>
  );
}
