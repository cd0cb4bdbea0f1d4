// Asks iam-simulate for its answers and compares; called by scripts/compare-with-iam-simulate.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [outside, work] = process.argv.slice(2);
const require = createRequire(path.join(outside, 'package.json'));
// The package's `exports` forbid its core by name, so it is opened by path.
const core = path.join(outside, 'node_modules/@cloud-copilot/iam-simulate/dist/esm');
const open = (file) => import(pathToFileURL(path.join(core, file)));
const { authorize } = await open('core_engine/CoreSimulatorEngine.js');
const { AwsRequestImpl } = await open('request/request.js');
const { RequestContextImpl } = await open('requestContext.js');
const { DiscoveryContextKeyConstraints } = await open('context_keys/discoveryContextKeyConstraints.js');
const { loadPolicy } = await import(pathToFileURL(require.resolve('@cloud-copilot/iam-policy')));

const load = (document, number) => loadPolicy(document, { name: String(number) });
const full = load({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }] }, 'full');
const list = (documents) => (documents?.length ? documents.map(load) : undefined);
const levels = (given, before) =>
  (given ?? []).map(({ orgIdentifier, policies }) => ({ orgIdentifier, policies: [...before, ...policies.map(load)] }));

function answer(scenario) {
  const { principal, resource, action, context, wildcardOnlyAction } = scenario.request;
  return authorize({
    request: new AwsRequestImpl(principal, resource, action, new RequestContextImpl(context ?? {}), wildcardOnlyAction ?? false),
    identityPolicies: scenario.identityPolicies.map(load),
    serviceControlPolicies: levels(scenario.serviceControlPolicies, []),
    resourceControlPolicies: levels(scenario.resourceControlPolicies, [full]),
    resourcePolicy: scenario.resourcePolicy && load(scenario.resourcePolicy, 0),
    permissionBoundaries: list(scenario.permissionBoundaries),
    sessionPolicy: scenario.sessionPolicy && load(scenario.sessionPolicy, 0),
    vpcEndpointPolicies: list(scenario.endpointPolicies),
    simulationParameters: {
      simulationMode: 'Strict',
      discoveryContextKeyConstraints: new DiscoveryContextKeyConstraints([]),
      strictConditionKeys: new Set(),
    },
    serviceSettings: scenario.additionalSettings ?? {},
  }).result;
}

const read = (name) => JSON.parse(fs.readFileSync(path.join(work, name), 'utf8'));
const lines = (name) => fs.readFileSync(path.join(work, name), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
let wrong = 0;
const complain = (text) => {
  wrong += 1;
  if (wrong <= 20) console.error(text);
};

const listed = read('listed.peer.json');
for (const scenario of read('listed.json')) {
  let got;
  try { got = answer(scenario); } catch { got = 'Rejected'; }
  if (got !== listed[scenario.name]) complain(`${scenario.name}: the peer says ${got}, divergences.toml ${listed[scenario.name]}`);
}

const ours = lines('random.ours');
const began = process.hrtime.bigint();
read('random.json').forEach((scenario, number) => {
  const got = answer(scenario);
  if (got !== ours[number].response) complain(`unlisted: ours ${ours[number].response}, theirs ${got}: ${JSON.stringify(scenario)}`);
});
const seconds = Number(process.hrtime.bigint() - began) / 1e9;
console.log(`${Object.keys(listed).length} listed divergences, ${ours.length} scenarios (the peer took ${seconds.toFixed(1)} s), ${wrong} wrong`);
process.exit(wrong ? 1 : 0);
