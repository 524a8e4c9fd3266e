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
  'swagger-ui-standalone-preset.js': 'swagger-ui-dist/swagger-ui-standalone-preset.js',
};

/** Puts the parts of the reference pages into /vendor. */
function vendor(): Plugin {
  return {
    name: 'vendor',
    async generateBundle() {
      for (const [name, module] of Object.entries(vendored)) {
        const source = await readFile(resolve(module));
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
    environment: 'jsdom',
    environmentOptions: { jsdom: { url: 'http://dashboard.test/' } },
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/testing/setup.ts'],
    restoreMocks: true,
    testTimeout: 20_000,
  },
}));
