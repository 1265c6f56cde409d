/**
 * Preloaded (`--import`) into every process that the supervisor starts: when the supervisor is killed without a chance
 * to say goodbye, its children stop by themselves instead of holding ports and locks.
 */
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
}, 500).unref();
