/** The import rules in one table: who may import whom, and why. `npm run check` enforces it; docs/architecture.md explains it. */
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    // The graph has one direction.
    rule(
      'no-cycles',
      'Two modules that need each other are one module, or hide a third.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    rule(
      'shared-is-a-leaf',
      'shared/ runs in the browser, the server and the workers, so it imports only itself.',
      { path: '^shared/' },
      { path: '^(app|server|workers|models|platform|prisma)/' },
    ),
    rule(
      'models-are-arithmetic',
      'models/ knows tensors, not canvases, jobs or HTTP.',
      { path: '^models/' },
      { path: '^(app|server|workers|platform|prisma)/' },
    ),
    rule(
      'platform-is-below-features',
      'platform/ is plumbing; it serves the server and the workers and knows neither.',
      { path: '^(platform|prisma)/' },
      { path: '^(app|server|workers|models)/' },
    ),
    rule(
      'workers-and-server-meet-in-the-queue',
      'Neither process imports the other; they share rows and contracts.',
      { path: '^(server|workers)/' },
      { path: '^(server|workers|app)/', pathNot: '^$1/' },
    ),
    rule(
      'server-does-not-infer',
      'The web process must start in a second; only workers load models.',
      { path: '^(server|app)/' },
      { path: '^models/' },
    ),
    rule(
      'app-reaches-server-by-type',
      'The browser speaks tRPC; only route handlers under app/api import server code.',
      { path: '^app/', pathNot: '^app/api/' },
      { path: '^(server|workers|platform|prisma)/', dependencyTypesNot: ['type-only'] },
    ),
    // Inside the parts.
    rule(
      'core-is-plain',
      'The editor core is plain TypeScript, so that it runs in a test without a DOM.',
      { path: '^app/_editor/(core|tools)/' },
      { path: '(node_modules/(react|react-dom|next|yjs)/|^app/_editor/(document|render|ui)/)' },
    ),
    rule(
      'render-only-reads',
      'Drawing looks at the core; it never reaches the tools, the Y.Doc or React.',
      { path: '^app/_editor/render/' },
      { path: '(node_modules/(react|react-dom|next|yjs)/|^app/_editor/(document|tools|ui)/)' },
    ),
    rule(
      'editor-knows-no-product',
      'The editor could be lifted out: it imports nothing of the studio around it.',
      { path: '^app/_editor/' },
      { path: '^app/(?!_editor/|_ui/)' },
    ),
    rule(
      'ui-knows-no-words',
      'A button does not know what a canvas is.',
      { path: '^app/_ui/' },
      { path: '^app/(?!_ui/)' },
    ),
    rule(
      'features-meet-at-services',
      "A feature may call another's service or policy, never its repo or router.",
      { path: '^server/features/([^/]+)/' },
      { path: '^server/features/[^/]+/', pathNot: '^server/features/($1/|[^/]+/(service|policy)[.]ts$)' },
    ),
    rule(
      'routers-do-not-query',
      'A router validates and delegates.',
      { path: '^server/features/[^/]+/router[.]ts$' },
      { path: '^(prisma/|server/features/[^/]+/repo[.]ts$)' },
    ),
    rule(
      'collab-asks-services',
      'A room asks a service or a policy; it holds no queries of its own but its snapshots.',
      { path: '^server/collab/' },
      { path: '^server/features/', pathNot: '/(service|policy)[.]ts$' },
    ),
    rule(
      'policies-are-pure',
      'A policy decides from its arguments alone.',
      { path: '/policy[.]ts$' },
      { path: '^(prisma|platform)/' },
    ),
    // One door to each outside thing.
    rule(
      'one-door-to-prisma',
      'prisma/client.ts opens the database.',
      { pathNot: '^prisma/' },
      { path: '(node_modules/@prisma/client|^prisma/generated/)' },
    ),
    rule(
      'one-door-to-onnx',
      'models/runtime/ opens sessions.',
      { pathNot: '^models/runtime/' },
      { path: 'node_modules/onnxruntime-node' },
    ),
    // Hygiene.
    rule(
      'one-door-to-queue',
      'platform/queue speaks to pg-boss.',
      { pathNot: '^platform/queue/' },
      { path: 'node_modules/pg-boss' },
    ),
    rule(
      'nothing-needs-scripts',
      'scripts/ starts and measures the product; the product does not know it.',
      { pathNot: '^scripts/' },
      { path: '^scripts/' },
    ),
    rule('tests-are-leaves', 'Nothing imports a test.', {}, { path: '[.]test[.]tsx?$' }),
    rule('resolves', 'Every import resolves.', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json', '.css'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
