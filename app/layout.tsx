import type { Metadata, Viewport } from 'next';
import { headers } from 'next/headers';
import type { ReactNode } from 'react';
import './globals.css';
import { ClientProvider } from './_client/provider.tsx';
import { UiProvider } from './_ui/provider.tsx';
import { themeScript } from './_ui/theme.ts';

export const metadata: Metadata = {
  title: { default: 'Gesso', template: '%s · Gesso' },
  description: 'A studio where a team paints, prompts and generates together.',
  robots: { index: false },
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  viewportFit: 'cover',
  // The panels make room when a phone's keyboard opens.
  interactiveWidget: 'resizes-content',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#faf9f6' },
    { media: '(prefers-color-scheme: dark)', color: '#191715' },
  ],
};

export default async function RootLayout({ children }: { readonly children: ReactNode }) {
  const nonce = (await headers()).get('x-nonce') ?? undefined;
  return (
    // The theme script sets data-theme before React starts.
    <html lang="en" suppressHydrationWarning>
      <head>
        <script nonce={nonce} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: themeScript }} />
      </head>
      <body>
        <ClientProvider>
          <UiProvider>{children}</UiProvider>
        </ClientProvider>
      </body>
    </html>
  );
}
