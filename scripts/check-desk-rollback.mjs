// The log of a desk comes back without its last entries: real witness, vault and desk, restored from a backup that is older than a code. The
// desk takes nothing but a new epoch, which a quorum begins; then codes are made again, though not before the witness knows the new name, and
// not twice for a half minute; the auditor's program reads the loss in the log. Leaves nothing behind.
//
//   node scripts/check-desk-rollback.mjs [FOLDER OF THE PROGRAMS] [FOLDER FOR PAGES]      needs node
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Company, must as done, pause, totp } from "./desk.mjs";

const bin = resolve(process.argv[2] || "target/debug"), pictures = process.argv[3];
const dir = mkdtempSync(join(tmpdir(), "kagimori-check-rollback-"));
const must = (what, is) => { if (!is) throw new Error(`not so: ${what}`); console.log(`ok   ${what}`); };

async function released(it, id) {
  const { keiko, riku } = it.people;
  await keiko.ready(id);
  const claimed = await riku.claim(id);
  if (!claimed.is_done) return claimed;
  await riku.type(id, await keiko.pin(id));
  return riku.release(id);
}
async function approved(it) {
  const { id } = done(await it.people.keiko.ask(), "asks");
  await it.approved(id);
  return id;
}
/// A page as it is, with its style in it.
async function kept(person, body, name) {
  const style = (await person.get(body.match(/href="([^"]*desk\.css)"/)[1])).body;
  writeFileSync(join(pictures, `${name}.html`), body.replace(/<link rel="stylesheet"[^>]*>/, `<style>${style}</style>`));
}
/// A code, of this half minute or of the next.
async function code(it) {
  const id = await it.verified();
  for (let tries = 0; ; tries++) {
    const answer = await it.people.riku.release(id), code = answer.is_done && await it.people.keiko.code(id);
    if (code) return code;
    if (tries > 2) throw new Error(answer.why);
    await pause(30500 - (Date.now() % 30000));
  }
}

let it;
try {
  it = await Company.found(bin, join(dir, "company"));
  await it.ceremony();
  const under_way = await approved(it);
  const first = await code(it);
  must("a code before", first.digits === totp(it.secret, first.step));
  const copy = it.run("kagimori-desk", "backup", "--settings", it.settings, "--to", dir).trim();
  // What is lost: a no, and a code.
  must("a request is denied", (await it.people.aoi.deny(under_way)).is_done);
  while (it.step <= first.step) await pause(500);
  const lost = await code(it);
  it.run("kagimori-desk", "log", "export", "--settings", it.settings, "--to", "before");
  await it.stop("desk"); await it.stop("vault");
  const store = join(it.dir, "desk/data/journal.db");
  must("the log is where it was", existsSync(store));
  for (const more of ["", "-wal", "-shm"]) rmSync(store + more, { force: true });
  copyFileSync(copy, store);
  let doctor = "";
  try { it.run("kagimori-desk", "doctor", "--settings", it.settings); } catch (error) { doctor = error.stderr; }
  must("doctor says ROLLED BACK", doctor.includes("ROLLED BACK"));
  try { it.run("kagimori-desk", "restore-check", "--settings", it.settings, copy); must("restore-check refuses the copy", false); } catch (error) { must("restore-check refuses the copy", String(error.stderr).includes("ROLLED BACK")); }
  await it.start("vault"); await it.start("desk"); await it.signIn();
  const { keiko, aoi, minato, tetsuo } = it.people;
  must("the copy knows nothing of the no", (await keiko.state(under_way)) === "approved");
  must("nothing is asked for", (await keiko.ask()).status === 409);
  must("nothing is carried out", !(await released(it, under_way)).is_done);
  const page = await keiko.get("/rollback");
  if (pictures) await kept(keiko, page.body, "rollback");
  must("the page says what is missing", page.body.includes('action="/rollback"'));
  const asked = await keiko.post("/rollback", { reason: "the disk died" });
  must("a new epoch is asked for", asked.is_done);
  const epoch = asked.location.split("/").pop();
  if (pictures) await kept(aoi, (await aoi.get(`/requests/${epoch}`)).body, "epoch");
  await aoi.approve(epoch);
  // The desk may be started again while it is decided.
  await it.stop("desk"); await it.start("desk"); await it.signIn();
  await minato.approve(epoch);
  must("a quorum has begun it", (await keiko.state(epoch)) === "closed");
  must("what was under way has ended", (await keiko.state(under_way)) === "rolled_back");
  const line = (await keiko.get(`/requests/${epoch}`)).body.match(/--log ([^<\s]+)/)[1].replaceAll("&#x2F;", "/");
  must("the page has the line for the witness", line.includes("/e2+"));
  const silent = await approved(it);
  must("no code before the witness knows the new name", !(await released(it, silent)).is_done);
  await it.stop("witness"); await it.start("witness", {}, ["--log", line]);
  await it.stop("vault"); await it.start("vault");
  while (it.step <= lost.step) await pause(500);
  const after = await code(it);
  must("a code after, of another half minute", after.digits === totp(it.secret, after.step) && after.step > lost.step);
  must("the record is verified from its disk", (await tetsuo.post("/record/verify")).status === 200);
  it.run("kagimori-desk", "doctor", "--settings", it.settings);
  it.run("kagimori-desk", "log", "export", "--settings", it.settings, "--to", "after");
  const trust = readFileSync(join(it.dir, "desk/trust"), "utf8");
  writeFileSync(join(it.dir, "trust-2"), trust.replace(/^log .*$/m, `log ${line}`));
  const verified = it.run("kagimori-log-verify", "--log", "after", "--trust", "trust-2", "--kept", "before/checkpoint");
  must("the auditor's program finds the loss admitted, and nothing else wrong", /epoch/i.test(verified));
  console.log(verified.trim());
  try { it.run("kagimori-log-verify", "--log", "after", "--trust", "desk/trust"); must("by its old name it is not believed", false); } catch (error) { must("by its old name it is not believed", String(error.stderr + error.stdout).length > 0 && error.status > 0); }
  try { it.run("kagimori-desk", "restore-check", "--settings", it.settings, copy); must("a copy of the epoch before is refused", false); } catch (error) { must("a copy of the epoch before is refused", String(error.stderr).includes("epoch 2")); }
} catch (error) { console.error(error); process.exitCode = 1; }
if (it) await it.stopAll();
rmSync(dir, { recursive: true, force: true });
process.exit();
