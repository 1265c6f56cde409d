// Checks the tree against .dependency-cruiser.mjs, then breaks every rule once, in scratch files, to show that each
// one bites: a checker that sees nothing reports no violations.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import config from '../.dependency-cruiser.mjs';

const parts = ['app', 'server', 'workers', 'models', 'shared', 'platform', 'prisma', 'scripts'];
const leastModules = 100;

const canaries = {
  'no-cycles': {
    'shared/canary-a.ts': "import './canary-b.ts'",
    'shared/canary-b.ts': "import './canary-a.ts'",
  },
  'shared-is-a-leaf': { 'shared/canary-leaf.ts': "import '../server/trpc/root.ts'" },
  'models-are-arithmetic': { 'models/canary.ts': "import '../workers/main.ts'" },
  'platform-is-below-features': { 'platform/canary.ts': "import '../server/trpc/root.ts'" },
  'workers-and-server-meet-in-the-queue': { 'workers/canary.ts': "import '../server/trpc/root.ts'" },
  'server-does-not-infer': { 'server/canary.ts': "import '../models/core/types.ts'" },
  'app-reaches-server-by-type': { 'app/canary.ts': "import '../server/trpc/root.ts'" },
  'core-is-plain': {
    'app/_editor/core/canary.ts': "import 'react'",
    'app/_editor/tools/canary.ts': "import '../document/connection.ts'",
  },
  'render-only-reads': { 'app/_editor/render/canary.ts': "import 'yjs'" },
  'editor-knows-no-product': { 'app/_editor/ui/canary.ts': "import '../../_client/trpc.ts'" },
  'ui-knows-no-words': { 'app/_ui/canary.ts': "import '../_editor/document/connection.ts'" },
  'features-meet-at-services': { 'server/features/canary/service.ts': "import '../access/repo.ts'" },
  'routers-do-not-query': { 'server/features/canary/router.ts': "import '../../../prisma/client.ts'" },
  'collab-asks-services': { 'server/collab/canary.ts': "import '../features/access/repo.ts'" },
  'policies-are-pure': { 'server/features/canary/policy.ts': "import '../../../prisma/client.ts'" },
  'one-door-to-prisma': { 'server/canary-prisma.ts': "import '@prisma/client'" },
  'one-door-to-onnx': { 'workers/canary-onnx.ts': "import 'onnxruntime-node'" },
  'one-door-to-queue': { 'workers/canary-queue.ts': "import 'pg-boss'" },
  'nothing-needs-scripts': { 'workers/canary-scripts.ts': "import '../scripts/supervisor/child.ts'" },
  'tests-are-leaves': { 'prisma/canary-test.ts': "import './migrate.test.ts'" },
  resolves: { 'shared/canary-nothing.ts': "import './nothing.ts'" },
};

const cruise = () => {
  const args = [...parts, '--config', '.dependency-cruiser.mjs', '--output-type', 'json'];
  const { stdout, stderr } = spawnSync('node_modules/.bin/depcruise', args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout).summary;
};

const problems = [];
const tree = cruise();
if (tree.totalCruised < leastModules)
  problems.push(
    `saw ${tree.totalCruised} modules: is TypeScript 6 installed? Version 7 has no API to read modules with`,
  );
for (const { rule, from, to } of tree.violations) problems.push(`${rule.name}: ${from} → ${to}`);

const files = Object.values(canaries).flatMap(Object.entries);
try {
  for (const [path, text] of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${text};\n`);
  }
  const caught = new Set(cruise().violations.map(({ rule, from }) => `${rule.name} ${from}`));
  for (const { name } of config.forbidden) {
    if (!canaries[name]) problems.push(`${name}: has no canary`);
    else if (name === 'no-cycles') {
      if (![...caught].some((c) => c.startsWith(`${name} shared/canary-`)))
        problems.push(`${name}: canary not caught`);
    } else
      for (const path of Object.keys(canaries[name]))
        if (!caught.has(`${name} ${path}`)) problems.push(`${name}: canary ${path} not caught`);
  }
} finally {
  for (const [path] of files) rmSync(path);
  rmSync('server/features/canary', { recursive: true, force: true });
}

console.log(
  `${tree.totalCruised} modules, ${tree.totalDependenciesCruised} imports, ${config.forbidden.length} rules, ${files.length} canary files`,
);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length ? 1 : 0;
