import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath, URL } from 'node:url';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { fakeBackend } from './src/testing/vitePlugin.ts';

const resolve = createRequire(import.meta.url).resolve;

/** The parts of the API's reference pages, which the server shows at /docs and /redoc. */
const vendored = {
  'redoc.standalone.js': 'redoc/bundles/redoc.standalone.js',
  'swagger-ui.css': 'swagger-ui-dist/swagger-ui.css',
  'swagger-ui-bundle.js': 'swagger-ui-dist/swagger-ui-bundle.js',
};

/** Redoc asks its maker's site for a logo. Nothing is loaded from elsewhere, so it gets an empty picture. */
const strangersLogo = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const noLogo = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E";

async function readVendored(name: string, module: string): Promise<string> {
  const source = await readFile(resolve(module), 'utf8');
  if (!name.startsWith('redoc')) return source;
  if (!source.includes(strangersLogo)) throw new Error('Redoc asks for another logo than before');
  return source.replaceAll(strangersLogo, noLogo);
}

/** Puts the parts of the reference pages into /vendor. */
function vendor(): Plugin {
  return {
    name: 'vendor',
    async generateBundle() {
      for (const [name, module] of Object.entries(vendored)) {
        const source = await readVendored(name, module);
        this.emitFile({ type: 'asset', fileName: `vendor/${name}`, source });
      }
    },
  };
}

export default defineConfig(({ mode }) => ({
  base: '/',
  plugins: [react(), vendor(), ...(mode === 'fake' ? [fakeBackend()] : [])],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: { target: 'es2023', sourcemap: false, assetsInlineLimit: 0 },
  server: {
    port: 3000,
    ...(mode === 'fake' ? {} : { proxy: { '/api': 'http://127.0.0.1:8000' } }),
  },
  preview: { port: 4174 },
  test: {
    restoreMocks: true,
    testTimeout: 20_000,
    projects: [
      // Plain functions need no browser, and start at once without one.
      { extends: true, test: { name: 'functions', include: ['src/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'pages',
          include: ['src/**/*.test.tsx'],
          environment: 'jsdom',
          // Loading the pages' code anew takes longer than most tests do; each of them cleans up behind itself.
          isolate: false,
          environmentOptions: { jsdom: { url: 'http://dashboard.test/' } },
          setupFiles: ['src/testing/setup.ts'],
        },
      },
    ],
  },
}));
