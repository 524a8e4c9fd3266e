import Link, { type LinkProps } from '@mui/material/Link';
import { Link as RouterLink } from 'react-router';

/** A link to another page of the dashboard. */
export function TextLink({ to, ...link }: LinkProps & { to: string }) {
  return <Link component={RouterLink} to={to} {...link} />;
}
