// What `scripts/check-desk-api` does, which says how.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ACCOUNT, Company, must, pause } from "./desk.mjs";

const calls = Number(process.argv[2]), bin = resolve(process.argv[3]), st = process.env.ST || "st", seed = Number(process.env.API_SEED || 1);
const place = mkdtempSync(join(tmpdir(), "kagimori-desk-api-")), begun = Date.now(), token = randomBytes(24).toString("base64url");
const it = await Company.found(bin, join(place, "desk"));
let failed = false;
try {
  await it.ceremony();
  await it.stop("desk");
  const hash = createHash("sha256").update(token).digest("hex");
  writeFileSync(it.settings, readFileSync(it.settings, "utf8").replace("[witness]", `[programs]\nworkflow = "${hash}"\n\n[witness]`));
  await it.start("desk"); await it.signIn();
  const { keiko, aoi, minato } = it.people;

  // Of the bodies that fit the document most name people and accounts that there are, and most calls have a key of their own.
  let number = seed;
  const chance = () => { number = (number * 1103515245 + 12345) % 2147483648; return number / 2147483648; };
  const some = (...all) => all[Math.floor(chance() * all.length)];
  function made_real(body, headers) {
    if (headers["idempotency-key"] && chance() < 0.9) headers["idempotency-key"] = `wf-${Math.floor(chance() * 20000)}`;
    let filed; try { filed = JSON.parse(body); } catch { return body; }
    if (filed === null || typeof filed !== "object" || Array.isArray(filed) || chance() < 0.3) return body;
    for (const [name, values] of [["by", ["keiko", "keiko", "keiko", "aoi", "workflow"]], ["account", [ACCOUNT, ACCOUNT, ACCOUNT, "444455556666"]], ["minutes", [1, 5, 30, 60, 61]], ["mode", ["direct", "phone"]]]) if (name in filed && chance() < 0.95) filed[name] = some(...values);
    const text = Buffer.from(JSON.stringify(filed));
    headers["content-length"] = String(text.length); delete headers["transfer-encoding"];
    return text;
  }

  // Between the fuzzer and the desk: counts what comes back, lets each call come from an address of its own (there is a bucket for each).
  const statuses = {}; let passed = 0; const bad = [];
  const between = http.createServer((asked, answer) => {
    const parts = []; asked.on("data", (part) => parts.push(part)); asked.on("end", () => {
      passed++;
      const from = `10.${(passed >> 16) & 255}.${(passed >> 8) & 255}.${passed & 255}`;
      const headers = { ...asked.headers, "x-forwarded-for": from }; delete headers.connection;
      const body = made_real(Buffer.concat(parts), headers);
      const on = http.request({ host: "127.0.0.1", port: it.listen, method: asked.method, path: asked.url, headers, agent: it.agent }, (said) => {
        statuses[said.statusCode] = (statuses[said.statusCode] || 0) + 1;
        if (said.statusCode >= 500) bad.push(`${said.statusCode} ${asked.method} ${asked.url}`);
        answer.writeHead(said.statusCode, said.headers); said.pipe(answer);
      });
      on.on("error", (error) => { bad.push(`${error.message} ${asked.method} ${asked.url}`); answer.writeHead(599); answer.end(); });
      on.end(body);
    });
  });
  await new Promise((done) => between.listen(0, "127.0.0.1", done));

  // People decide meanwhile: what was filed is approved, denied or taken back, so that there is always room for more.
  let going = true, decided = { approved: 0, denied: 0, cancelled: 0 }, turn = 0;
  const deciding = (async () => {
    while (going) {
      for (const person of [keiko, aoi, minato]) person.from = `127.9.${turn >> 8 & 255}.${turn & 255}`;
      const waiting = (await keiko.send("GET", "/v1/requests?state=pending")).json.requests || [];
      for (const { id } of waiting) {
        turn++;
        for (const person of [keiko, aoi, minato]) person.from = `127.9.${turn >> 8 & 255}.${turn & 255}`;
        if (turn % 3 === 0) { if ((await aoi.deny(id)).is_done) decided.denied++; }
        else if (turn % 3 === 1) { if ((await keiko.post(`/requests/${id}/cancel`)).is_done) decided.cancelled++; }
        else if ((await aoi.approve(id)).is_done) { if ((await minato.approve(id)).is_done) decided.approved++; await keiko.post(`/requests/${id}/cancel`); }
      }
      await pause(20);
    }
  })();

  const document = (await keiko.send("GET", "/v1/openapi.json")).json;
  const text = JSON.stringify(document).replace('"security"', `"servers":[{"url":"http://127.0.0.1:${between.address().port}"}],"security"`);
  writeFileSync(join(place, "openapi.json"), text);
  let round = 0;
  while (passed < calls) {
    const each = Math.max(10, Math.ceil(Math.min(calls - passed, 12000) / 6));
    const child = spawn(st, ["run", join(place, "openapi.json"), "--url", `http://127.0.0.1:${between.address().port}`, "-H", `Authorization: Bearer ${token}`, "--max-examples", String(each), "--seed", String(seed + round), "--phases", "examples,coverage,fuzzing,stateful", "--mode", "all", "--workers", "2", "--continue-on-failure", "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance", "--suppress-health-check", "all", "--no-color"], { cwd: place, stdio: ["ignore", "pipe", "inherit"] });
    let told = ""; child.stdout.on("data", (bytes) => { told += bytes; });
    const code = await new Promise((done) => child.on("exit", done));
    console.log(`round ${++round}: ${passed} calls so far; schemathesis ended with ${code}`);
    if (code !== 0) { failed = true; console.log(told.slice(-6000)); break; }
  }
  going = false; await deciding;
  console.log(`${passed} calls: ${JSON.stringify(statuses)}; people decided meanwhile: ${JSON.stringify(decided)}`);
  if (bad.length) { failed = true; console.log(`5xx or no answer: ${bad.slice(0, 20).join("\n")}`); }

  // What was filed fits the policy, and the log is one that a desk can have written.
  let cursor = "", all = 0;
  do {
    const page = must(await keiko.send("GET", `/v1/requests${cursor && `?cursor=${cursor}`}`), "lists").json;
    for (const request of page.requests) {
      all++;
      const is_well = request.ask.by === "keiko" && (request.approvals || []).every((who) => who !== "keiko") && request.codes === 0;
      if (!is_well) { failed = true; console.log(`the model forbids: ${JSON.stringify(request)}`); }
    }
    cursor = page.cursor;
  } while (cursor);
  console.log(`${all} requests, all of people who may ask, none with a code`);
  it.run("kagimori-desk", "doctor", "--settings", it.settings);
  // The page of health shows the witness the log as it is.
  await keiko.get("/health");
  it.run("kagimori-desk", "log", "export", "--settings", it.settings, "--to", "published");
  console.log(it.run("kagimori-log-verify", "--log", "published", "--trust", "desk/trust").trim());
  between.close();
} catch (error) { failed = true; console.error(error, error.stderr || ""); }
await it.stopAll();
rmSync(place, { recursive: true, force: true });
console.log(`${failed ? "NOT WELL" : "well"}, in ${Math.round((Date.now() - begun) / 1000)} s`);
process.exit(failed ? 1 : 0);
