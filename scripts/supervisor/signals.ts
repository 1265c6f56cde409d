/** Resolves at the first SIGINT, SIGTERM or SIGHUP; later ones change nothing, since stopping is under way. */
export function waitForStopSignal(): Promise<NodeJS.Signals> {
  return new Promise((settle) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => settle(signal));
  });
}
