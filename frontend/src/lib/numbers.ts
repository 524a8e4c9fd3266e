const whole = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

export const formatCount = (count: number): string => whole.format(count);
export const formatCompact = (count: number): string => compact.format(count);

/** Money as the API sends it, a decimal string of dollars, without its idle zeros: "$0.0042". */
export function formatUsd(amount: string): string {
  const [units = '0', fraction = ''] = amount.split('.');
  const kept = fraction.replace(/0+$/, '').padEnd(2, '0');
  return `$${units}.${kept}`;
}
