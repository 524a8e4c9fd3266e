/** The look of the product: mist and pine, one saffron accent, system fonts, thin lines, no shadows. */
import { createTheme } from '@mui/material/styles';

declare module '@mui/material/styles' {
  interface TypeBackground {
    /** Behind code and payloads, a step below the page. */
    sunken: string;
  }
  interface Palette {
    /** The line of the ledger and other marks of what is on record. */
    mark: string;
  }
  interface PaletteOptions {
    mark?: string;
  }
}

export const monospace =
  'ui-monospace, "SF Mono", "Cascadia Mono", "Segoe UI Mono", Menlo, Consolas, "Liberation Mono", monospace';

const sans =
  'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif';

export const theme = createTheme({
  cssVariables: { colorSchemeSelector: 'data-theme', cssVarPrefix: 'ac' },
  colorSchemes: {
    light: {
      palette: {
        primary: { main: '#1d5a50', dark: '#134239', light: '#d9e9e4', contrastText: '#ffffff' },
        secondary: { main: '#8a5a00', contrastText: '#ffffff' },
        success: { main: '#26734a' },
        warning: { main: '#8f5f00' },
        error: { main: '#ab352c' },
        info: { main: '#2b6390' },
        background: { default: '#edf1ef', paper: '#fbfdfc', sunken: '#f1f5f3' },
        text: { primary: '#14211e', secondary: '#4c5d58', disabled: '#7d8c87' },
        divider: '#d3dcd8',
        mark: '#e0a526',
      },
    },
    dark: {
      palette: {
        primary: { main: '#84cfbd', dark: '#a9e0d2', light: '#1c3a34', contrastText: '#07221c' },
        secondary: { main: '#e3b75c', contrastText: '#241800' },
        success: { main: '#83cf9f' },
        warning: { main: '#e3b75c' },
        error: { main: '#f2938a' },
        info: { main: '#8fbde2' },
        background: { default: '#0c1311', paper: '#131c19', sunken: '#0f1715' },
        text: { primary: '#e3ece8', secondary: '#a5b7b1', disabled: '#70807b' },
        divider: '#263430',
        mark: '#e0a526',
      },
    },
  },
  shape: { borderRadius: 8 },
  typography: {
    fontFamily: sans,
    fontSize: 14,
    h1: { fontSize: '1.75rem', lineHeight: 1.2, fontWeight: 650, letterSpacing: '-0.021em' },
    h2: { fontSize: '1.0625rem', lineHeight: 1.35, fontWeight: 640, letterSpacing: '-0.008em' },
    h3: { fontSize: '0.9375rem', lineHeight: 1.4, fontWeight: 620 },
    body1: { fontSize: '0.9375rem', lineHeight: 1.55 },
    body2: { fontSize: '0.8438rem', lineHeight: 1.5 },
    caption: { fontSize: '0.7813rem', lineHeight: 1.45 },
    button: { textTransform: 'none', fontWeight: 600, letterSpacing: 0 },
  },
  components: {
    MuiCssBaseline: {
      styleOverrides: {
        body: { fontVariantNumeric: 'tabular-nums', overflowWrap: 'break-word' },
        'h1, h2, dd': { overflowWrap: 'anywhere' },
        '::selection': { background: 'var(--ac-palette-primary-light)' },
        '.visually-hidden': {
          position: 'absolute',
          width: 1,
          height: 1,
          overflow: 'hidden',
          clipPath: 'inset(50%)',
          whiteSpace: 'nowrap',
        },
        'code, pre': { fontFamily: monospace, fontSize: '0.8125rem' },
        '@media (prefers-reduced-motion: reduce)': {
          '*, *::before, *::after': {
            animationDuration: '0.01ms !important',
            transitionDuration: '0.01ms !important',
          },
        },
      },
    },
    MuiButtonBase: {
      defaultProps: { disableRipple: true },
      styleOverrides: { root: { fontFamily: 'inherit' } },
    },
    MuiButton: {
      defaultProps: { disableElevation: true },
      styleOverrides: {
        root: ({ theme: { vars } }) => ({
          borderRadius: 8,
          minHeight: 36,
          paddingInline: 14,
          whiteSpace: 'nowrap',
          '&:focus-visible': {
            outline: `2px solid ${vars?.palette.primary.main}`,
            outlineOffset: 2,
          },
        }),
        sizeSmall: { minHeight: 30, paddingInline: 10 },
      },
    },
    MuiIconButton: {
      styleOverrides: {
        root: ({ theme: { vars } }) => ({
          borderRadius: 8,
          '&:focus-visible': {
            outline: `2px solid ${vars?.palette.primary.main}`,
            outlineOffset: 1,
          },
        }),
      },
    },
    MuiPaper: { styleOverrides: { root: { backgroundImage: 'none' } } },
    MuiDialog: {
      styleOverrides: {
        paper: ({ theme: { vars } }) => ({
          border: `1px solid ${vars?.palette.divider}`,
          borderRadius: 14,
          boxShadow: '0 24px 60px rgb(0 0 0 / 0.22)',
        }),
        paperFullScreen: { border: 0, borderRadius: 0 },
      },
    },
    MuiDialogTitle: { styleOverrides: { root: { fontSize: '1.1875rem', fontWeight: 650 } } },
    MuiDialogActions: { styleOverrides: { root: { padding: '12px 24px 20px' } } },
    MuiTextField: { defaultProps: { size: 'small', fullWidth: true } },
    MuiOutlinedInput: {
      styleOverrides: {
        root: ({ theme: { vars } }) => ({ backgroundColor: vars?.palette.background.paper }),
      },
    },
    MuiLink: {
      defaultProps: { underline: 'hover' },
      styleOverrides: { root: { fontWeight: 560 } },
    },
    MuiTableCell: {
      styleOverrides: {
        root: ({ theme: { vars } }) => ({
          borderColor: vars?.palette.divider,
          padding: '11px 14px',
          fontSize: '0.875rem',
        }),
        head: ({ theme: { vars } }) => ({
          color: vars?.palette.text.secondary,
          fontSize: '0.7813rem',
          fontWeight: 560,
          paddingBlock: 9,
          whiteSpace: 'nowrap',
        }),
      },
    },
    MuiChip: { styleOverrides: { root: { borderRadius: 6, fontWeight: 540 } } },
    MuiTooltip: { defaultProps: { arrow: true } },
    MuiAlert: { styleOverrides: { root: { borderRadius: 10, alignItems: 'flex-start' } } },
    MuiToggleButton: {
      defaultProps: { color: 'primary' },
      styleOverrides: { root: { paddingInline: 14, paddingBlock: 5 } },
    },
  },
});
