import Snackbar from '@mui/material/Snackbar';
import { createContext, type ReactNode, useContext, useState } from 'react';

const Notify = createContext<(text: string) => void>(() => undefined);

/** Shows a short message that needs no answer. */
export function useNotify(): (text: string) => void {
  return useContext(Notify);
}

/** Holds the place where notices appear. */
export function Notices({ children }: { children: ReactNode }) {
  const [notice, setNotice] = useState({ text: '', count: 0 });
  const [isOpen, setOpen] = useState(false);
  return (
    <Notify.Provider
      value={(text) => {
        setNotice(({ count }) => ({ text, count: count + 1 }));
        setOpen(true);
      }}
    >
      {children}
      <Snackbar
        key={notice.count}
        open={isOpen}
        message={notice.text}
        autoHideDuration={4000}
        onClose={(_, reason) => reason !== 'clickaway' && setOpen(false)}
        anchorOrigin={{ vertical: 'bottom', horizontal: 'right' }}
      />
    </Notify.Provider>
  );
}
