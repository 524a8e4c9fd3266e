/** What every page must hold, and how it is looked at. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, type Page } from '@playwright/test';
import { picture } from './screenshots';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const looks = [
  { name: 'light-1280', theme: 'light', width: 1280, height: 900 },
  { name: 'dark-1280', theme: 'dark', width: 1280, height: 900 },
  { name: 'light-390', theme: 'light', width: 390, height: 844 },
  { name: 'dark-390', theme: 'dark', width: 390, height: 844 },
] as const;

export const publicPages = [
  { name: 'create-tenant', path: '/create-tenant', heading: 'Create your organisation' },
  { name: 'register', path: '/register', heading: 'Join your team' },
  { name: 'login', path: '/login', heading: 'Sign in' },
  { name: 'forgot-password', path: '/forgot-password', heading: 'Forgot your password?' },
  {
    name: 'reset-password',
    path: '/reset-password#token=x',
    heading: 'Choose a new password',
  },
  { name: 'invitation-over', path: '/accept-invitation#token=x', heading: 'Join your team' },
];

/** Collects errors, among them what the content security policy blocks. */
export function watch(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // Refused requests are part of some pages.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) {
      faults.push(message.text());
    }
  });
  return faults;
}

/** Takes the page's picture; it must fit its window and be accessible. */
export async function check(page: Page, look: string, name: string): Promise<void> {
  await picture(page, `${look}/${name}`);
  await expectFit(page, name);
  await expectAccessible(page, name);
}

export async function expectFit(page: Page, name: string): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect.soft(overflow, `${name} scrolls sideways`).toBeLessThanOrEqual(0);
}

interface Finding {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

export async function expectAccessible(page: Page, name: string): Promise<void> {
  await page.evaluate(axe);
  const findings = await page.evaluate<Finding[]>(
    // The script above puts `axe` on the window. Tooltips float outside the page's regions.
    'axe.run({ exclude: ["[role=tooltip]"] }).then(({ violations }) => violations.map(({ id, nodes }) => ({ id, nodes })))',
  );
  const told = findings.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
  );
  expect.soft(told, `${name} is accessible`).toEqual([]);
}
