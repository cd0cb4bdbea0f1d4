// What `scripts/check-desk-firm` does, which says how.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Company, pause, totp } from "./desk.mjs";

const most = Number(process.argv[2]), bin = resolve(process.argv[3]), jobs = Number(process.env.FIRM_JOBS || 2);
let seed = Number(process.env.FIRM_SEED || 1);
const random = () => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed / 2147483648; };
const place = mkdtempSync(join(tmpdir(), "kagimori-desk-firm-")), library = join(place, "faults.so"), begun = Date.now();
execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", library, join(import.meta.dirname, "desk-faults.c"), "-ldl"]);

// What people were told is done, beside what the log says afterwards.
class Story {
  constructor(it) { this.it = it; this.denied = []; this.asked = []; this.approved = []; this.reviewed = []; this.codes = []; this.troubles = 0; }
  /// Something that may fail: the answer when it was done, `null` otherwise.
  async tried(what) {
    try { const answer = await what; if (answer && (answer.is_done || answer.digits)) return answer; } catch { /* the process is gone */ }
    this.troubles++; return null;
  }
  async deny(who, id) { if (await this.tried(this.it.people[who].deny(id))) this.denied.push(id); }
  async ask(mode) { const asked = await this.tried(this.it.people.keiko.ask({ mode })); if (asked) this.asked.push(asked.id); return asked && asked.id; }
  async approve(id) { for (const who of ["aoi", "minato"]) if (await this.tried(this.it.people[who].approve(id))) this.approved.push([id, who]); }
  /// As far as a code, if the step is a new one.
  async code(mode = "direct") {
    const { keiko, riku, tetsuo } = this.it.people, id = await this.ask(mode);
    if (!id) return null;
    await this.approve(id);
    await this.tried(keiko.ready(id)); await this.tried(riku.claim(id));
    const pin = await keiko.pin(id).catch(() => null);
    if (pin) await this.tried(riku.type(id, pin));
    if (!(await this.tried(riku.release(id)))) return null;
    const code = await (mode === "direct" ? keiko.code(id) : riku.code(id, "operator")).catch(() => null);
    if (code) {
      if (totp(this.it.secret, code.step) !== code.digits) throw new Error("a code is not that of RFC 6238");
      if (this.codes.includes(code.step)) throw new Error(`step ${code.step} was used twice`);
      this.codes.push(code.step);
    }
    if (await this.tried(keiko.finish(id)) && await this.tried(tetsuo.review(id))) this.reviewed.push(id);
    return code;
  }
  async told() {
    const first = await this.ask("direct"); if (first) await this.deny("aoi", first);
    await this.code();
    const late = await this.ask("phone"); if (late) { await this.approve(late); await this.deny("minato", late); }
  }
  /// Nothing of it is missing.
  async holds() {
    const { keiko } = this.it.people, one = async (id) => (await keiko.send("GET", `/v1/requests/${id}`)).json;
    for (const id of this.asked) if (!(await one(id)).id) throw new Error(`the request ${id} is lost`);
    for (const id of this.denied) if ((await one(id)).end?.how !== "denied") throw new Error(`the denial of ${id} is lost`);
    for (const [id, who] of this.approved) if (!(await keiko.get(`/requests/${id}`)).body.includes(this.it.names[who])) throw new Error(`the approval of ${id} by ${who} is lost`);
    for (const id of this.reviewed) if (!(await one(id)).reviewed_by) throw new Error(`the review of ${id} is lost`);
  }
}
const NAMES = { aoi: "森 葵", minato: "松田 湊" };

const bases = {};
async function prepared() {
  bases.founded = await Company.found(bin, join(place, "founded"));
  for (const name of ["desk", "vault", "witness"]) await bases.founded.stop(name);
  bases.held = await Company.copy(bases.founded, join(place, "held"));
  await bases.held.startAll(); await bases.held.signIn(); await bases.held.ceremony();
  for (const name of ["desk", "vault", "witness"]) await bases.held.stop(name);
}
const FOLDERS = { desk: "desk/data", witness: "witness", vault: "vault", backup: "copies" };
const trouble = (it, who, extra) => ({ LD_PRELOAD: library, FAULT_BELOW: join(it.dir, FOLDERS[who]), ...(who === "vault" && { FAULT_WALLED: "1" }), ...extra });

/// One life of a desk in which `who` has this trouble; then what is left of it is looked at.
async function life(name, who, story, env, goes_on) {
  const it = await Company.copy(story === "enrol" ? bases.founded : bases.held, join(place, name));
  it.names = NAMES; mkdirSync(join(it.dir, "copies"), { recursive: true });
  const told = new Story(it);
  try {
    for (const process of ["witness", "vault", "desk"]) {
      try { await it.start(process, process === who ? trouble(it, who, env) : {}); } catch (error) { if (process !== who) throw error; told.troubles++; }
    }
    await it.signIn().catch(() => told.troubles++);
    if (story === "enrol") await it.ceremony().catch(() => told.troubles++);
    else if (who !== "backup") await told.told();
    else { spawnSync(join(bin, "kagimori-desk"), ["backup", "--settings", it.settings, "--to", join(it.dir, "copies")], { env: { ...process.env, ...trouble(it, who, env) } }); await told.told(); }
    // What an error was told to goes on in the same process.
    if (env.FAULT_HOW === "eio" || env.FAULT_HOW === "enospc") { const asked = await told.ask("direct"); if (it.children[who] && !it.children[who].is_over && asked) await told.deny("aoi", asked); }
    for (const process of ["desk", "vault", "witness"]) await it.stop(process, "SIGKILL");
    await it.startAll(); await it.signIn();
    it.run("kagimori-desk", "doctor", "--settings", it.settings);
    await told.holds();
    if (who === "backup") {
      const copy = it.run("kagimori-desk", "backup", "--settings", it.settings, "--to", it.dir).trim();
      it.run("kagimori-desk", "restore-check", "--settings", it.settings, copy);
    }
    if (story === "enrol") {
      const asked = (await it.people.keiko.get("/requests")).body.match(/\/requests\/(r[a-z0-9-]+)/);
      if (asked) await it.people.aoi.deny(asked[1]);
      // A seed that came into custody before is not asked for twice.
      await it.ceremony().catch((error) => { if (!error.message.startsWith("asks for a ceremony")) throw error; });
    }
    const code = await told.code("phone");
    if (!code && goes_on) {
      for (let tries = 0; tries < 3 && !(await told.code()); tries++) await pause(30500 - (Date.now() % 30000));
      if (!told.codes.length) throw new Error("no code comes any more");
    }
    await it.people.keiko.get("/"); await told.holds();
    return told;
  } catch (error) {
    error.message = `${name}: ${JSON.stringify(env)}: ${error.message} ${error.stderr || ""}`;
    throw error;
  } finally { await it.stopAll(); it.remove(); }
}

await prepared();
const points = [];
for (const [who, story] of [["desk", "story"], ["desk", "enrol"], ["witness", "story"], ["vault", "story"], ["vault", "enrol"], ["backup", "story"]]) {
  const inside = who === "vault" ? "vault/.steps" : "steps", name = `count-${who}-${story}`;
  const dir = join(place, name), count = join(who === "vault" ? dir : place, who === "vault" ? inside : `${name}.steps`);
  let steps = [];
  const keep = Company.prototype.remove;
  Company.prototype.remove = function remove() { steps = existsSync(count) ? readFileSync(count, "utf8").trim().split("\n") : []; keep.call(this); };
  try { await life(name, who, story, { FAULT_COUNT: count }, false); } finally { Company.prototype.remove = keep; }
  console.log(`${who}, ${story}: ${steps.length} steps on the disk`);
  steps.forEach((what, index) => { for (const how of ["kill", "after", "torn", "eio", "enospc"]) if (how !== "torn" || what.includes("write")) points.push({ who, story, at: index + 1, how, what }); });
}
const only = process.env.FIRM_ONLY;
if (only) points.splice(0, points.length, ...points.filter(({ who, story }) => `${who}, ${story}`.includes(only)));
const all = points.length;
while (most && points.length > most) points.splice(Math.floor(random() * points.length), 1);
console.log(`${points.length} of ${all} points`);
let done = 0, reached = 0, codes = 0; const failures = [], queue = points.map((point, index) => [index, point]);
await Promise.all(Array.from({ length: jobs }, async () => {
  for (let next; (next = queue.shift());) {
    const [index, { who, story, at, how, what }] = next;
    try {
      const told = await life(`point-${index}`, who, story, { FAULT_AT: String(at), FAULT_HOW: how }, index % 20 === 0);
      reached += told.troubles > 0 ? 1 : 0; codes += told.codes.length;
    } catch (error) { failures.push(`${who} ${story} ${what} ${at} ${how}: ${error.message}`); console.log(failures.at(-1)); }
    if (++done % 50 === 0) console.log(`${done} points, ${failures.length} failures, ${Math.round((Date.now() - begun) / 1000)} s`);
  }
}));
console.log(`${done} points: ${done - failures.length} came back whole, ${failures.length} did not; people noticed ${reached}; ${codes} codes, none of a step twice; ${Math.round((Date.now() - begun) / 1000)} s`);
rmSync(place, { recursive: true, force: true });
process.exit(failures.length ? 1 : 0);
