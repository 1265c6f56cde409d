'use client';

import type { ReactNode } from 'react';
import { ToastProvider } from './toast.tsx';
import { TooltipProvider } from './tooltip.tsx';

/** What the primitives need around the whole page. */
export function UiProvider({ children }: { readonly children: ReactNode }) {
  return (
    <TooltipProvider>
      <ToastProvider>{children}</ToastProvider>
    </TooltipProvider>
  );
}
