// What `scripts/measure-desk` does, which says how.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Company, must, pause } from "./desk.mjs";

const bin = resolve(process.argv[2]), seconds = Number(process.argv[3]), releases = Number(process.argv[4]);
const place = mkdtempSync(join(tmpdir(), "kagimori-measure-desk-"));
const now = () => Number(process.hrtime.bigint()) / 1e6;
const spread = (all) => { const sorted = [...all].sort((one, other) => one - other), at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]?.toFixed(1); return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms (${sorted.length})`; };
const memory = (it, which) => Number(readFileSync(`/proc/${it.children[which].pid}/status`, "utf8").match(new RegExp(`${"VmHWM"}:\\s*(\\d+)`))[1]) / 1024;

// There may be as many open requests as the measurement needs.
const it = await Company.found(bin, join(place, "desk"), (policy) => `${policy}\n[limits]\npending_per_person = 60000\npending = 60000\nwindow = "12h"\ndrill_every = "92d"\n`);
try {
  const { keiko, aoi, minato, riku, tetsuo } = it.people;
  it.scatters = true;
  await it.ceremony();

  // Cold start: from the command to the first answer.
  const starts = [];
  for (let times = 0; times < 10; times++) {
    await it.stop("desk");
    const begun = now(); await it.start("desk");
    for (;;) { try { must(await keiko.send("GET", "/healthz"), "answers"); break; } catch { await pause(1); } }
    starts.push(now() - begun);
  }
  console.log(`cold start: ${spread(starts)}`);
  await it.signIn();

  // Votes: passkey, share and all, 50 a second, each with its question before it.
  const ids = [];
  for (let number = 0; number < seconds * 25; number++) { ids.push(must(await keiko.ask({ reason: `INC-${number}` }), "asks").id); }
  const votes = [], questions = [], under = [];
  const begun = now();
  for (let number = 0; number < seconds * 50; number++) {
    const due = begun + number * 20; if (now() < due) await pause(due - now());
    const person = number % 2 ? minato : aoi, id = ids[number >> 1];
    under.push((async () => {
      const first = now(), prepared = await person.prepared(id, "approve"); questions.push(now() - first);
      const second = now(), answer = await person.post(`/requests/${id}/approve`, prepared.fields); votes.push(now() - second);
      must(answer, "approves");
    })());
  }
  await Promise.all(under);
  console.log(`votes, ${((votes.length * 1000) / (now() - begun)).toFixed(0)} a second: ${spread(votes)}; what is asked before: ${spread(questions)}`);

  // Releases: from the press of the button until the code is at the page that waits for it.
  const pressed = [];
  for (let number = 0; number < releases; number++) {
    const id = await it.verified({ reason: `INC-R${number}` });
    await pause(30300 - (Date.now() % 30000));
    const coming = keiko.code(id, "requester", 20000), first = now();
    must(await riku.release(id), "releases");
    if (!(await coming)) throw new Error("no code came");
    pressed.push(now() - first);
    must(await keiko.finish(id), "finishes"); must(await tetsuo.review(id), "reviews");
  }
  console.log(`releases, with the witness and the page: ${spread(pressed)}`);

  // Reads: pages and API in turn, 1,000 a second, over kept connections.
  const reads = {}, agent = new http.Agent({ keepAlive: true, maxSockets: 64 }), cookie = Object.entries(keiko.cookies).map(([name, value]) => `${name}=${value}`).join("; ");
  const paths = { "a request": `/requests/${ids[0]}`, "a request, as JSON": `/v1/requests/${ids[1]}`, "an entry of the record": "/record/5", "the account": "/me" };
  const read = (name, path) => new Promise((done, failed) => { const first = now(); http.get({ host: "127.0.0.1", port: it.listen, path, agent, headers: { cookie } }, (said) => { said.resume(); said.on("end", () => { if (said.statusCode !== 200) failed(new Error(`${path}: ${said.statusCode}`)); (reads[name] = reads[name] || []).push(now() - first); done(); }); }).on("error", failed); });
  for (let warm = 0; warm < 64; warm++) await read("warm", "/me");
  delete reads.warm;
  const names = Object.keys(paths), running = [], start = now();
  for (let number = 0; number < seconds * 1000;) {
    const due = Math.floor(now() - start);
    for (; number < due && number < seconds * 1000; number++) { const name = names[number % names.length]; running.push(read(name, paths[name])); }
    await pause(1);
  }
  await Promise.all(running);
  console.log(`reads, ${((running.length * 1000) / (now() - start)).toFixed(0)} a second: ${spread(Object.values(reads).flat())}`);
  for (const name of names) console.log(`  ${name}: ${spread(reads[name])}`);
  // What takes longer, one after the other: whole lists over all that was filed.
  for (const path of ["/", "/requests", "/v1/requests", "/record", "/operator"]) { const times = []; for (let number = 0; number < 20; number++) { const first = now(); must(await keiko.get(path), path); times.push(now() - first); } console.log(`  ${path} of ${ids.length} open requests: ${spread(times)}`); }
  console.log(`most memory: desk ${memory(it, "desk").toFixed(0)} MiB, vault ${memory(it, "vault").toFixed(0)} MiB, witness ${memory(it, "witness").toFixed(0)} MiB`);
  agent.destroy();
} catch (error) { console.error(error); process.exitCode = 1; }
await it.stopAll();
rmSync(place, { recursive: true, force: true });
process.exit();
