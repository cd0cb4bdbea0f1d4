// The whole story of the desk in a real browser, against real processes: witness, vault, desk; passkeys of a virtual authenticator that are
// made on the page, sign, and open the shares of the seed; a seed that comes in by a ceremony; a code in each mode and language, which has to
// be the one of RFC 6238; the review; the record verified; axe on every page. Leaves nothing behind.
//
//   node scripts/check-desk.mjs [FOLDER OF THE PROGRAMS] [FOLDER FOR PICTURES]      needs chromium, node, npm (playwright-core, axe-core)
import { spawn, execFileSync } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const bin = resolve(process.argv[2] || "target/debug"), pictures = process.argv[3];
const dir = mkdtempSync(join(tmpdir(), "kagimori-check-desk-"));
const begun = Date.now();
const children = [];
const say = (...words) => console.log(...words);
const must = (what, is) => { if (!is) throw new Error(`not so: ${what}`); say(`ok   ${what}`); };

function library(name) {
  const there = createRequire(join(dir, "x.js"));
  try { return there(name); } catch { execFileSync("npm", ["install", "--silent", "--prefix", dir, "playwright-core", "axe-core"], { stdio: "inherit" }); return there(name); }
}
const port = () => new Promise((done) => { const server = createServer().listen(0, "127.0.0.1", () => { const { port } = server.address(); server.close(() => done(port)); }); });
const run = (program, ...args) => execFileSync(join(bin, program), args, { cwd: dir, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
function start(program, ...args) {
  const child = spawn(join(bin, program), args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
  let told = ""; child.stderr.on("data", (bytes) => { told += bytes; });
  children.push(child);
  return new Promise((done, failed) => {
    child.once("exit", (code) => failed(new Error(`${program} ended with ${code}: ${told}`)));
    const first = (bytes) => { done({ child, line: String(bytes).trim() }); };
    child.stdout.once("data", first);
    if (program === "kagimori-desk-vault") child.stderr.once("data", first);
  });
}
const stop = (child) => new Promise((done) => { child.removeAllListeners("exit"); child.once("exit", done); child.kill("SIGTERM"); });
const base32 = (bytes) => [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("").match(/.{5}/g).map((five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[parseInt(five, 2)]).join("");
function totp(secret, step) {
  const counter = Buffer.alloc(8); counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac("sha1", secret).update(counter).digest(), at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
}

async function all() {
  const { chromium } = library("playwright-core"), axe = readFileSync(createRequire(join(dir, "x.js")).resolve("axe-core"), "utf8");
  const [desk, seen] = [await port(), await port()];
  const base = `http://localhost:${desk}`, witness = `http://127.0.0.1:${seen}`;
  const first = await start("kagimori-desk", "witness", "--dir", "witness", "--name", "witness.check", "--listen", `127.0.0.1:${seen}`);
  await stop(first.child);
  run("kagimori-desk", "init", "--dir", "desk", "--company", "Check", "--origin", base, "--listen", `127.0.0.1:${desk}`, "--proxy", "", "--vault", join(dir, "vault.sock"), "--witness", witness, "--witness-key", first.line);
  const toml = join(dir, "desk/desk.toml");
  writeFileSync(toml, readFileSync(toml, "utf8").replace("hours_from_utc", `clocks = ["${witness}/"]\nhours_from_utc`));
  const log = readFileSync(join(dir, "desk/trust"), "utf8").split("\n")[0].split(" ")[1];
  await start("kagimori-desk", "witness", "--dir", "witness", "--name", "witness.check", "--listen", `127.0.0.1:${seen}`, "--log", log);
  run("kagimori-desk-vault", "init", "--dir", "vault", "--host-key", "host.key");
  await start("kagimori-desk-vault", "run", "--dir", "vault", "--host-key", "host.key", "--socket", "vault.sock", "--trust", "desk/trust", "--origin", base);
  let serving = await start("kagimori-desk", "serve", "--settings", toml);

  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });
  const page = async (options) => {
    const context = await browser.newContext(options), page = await context.newPage();
    page.on("pageerror", (error) => say("page:", error.message));
    const devtools = await context.newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    await devtools.send("WebAuthn.addVirtualAuthenticator", { options: { protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, hasPrf: true } });
    return page;
  };
  // Everybody makes a passkey, the desk is founded with them.
  const people = {};
  let policy = readFileSync(join(dir, "desk/policy.toml"), "utf8").replace("desk.shiosai.example", "desk.check");
  for (const [who, language] of [["keiko", "ja-JP"], ["aoi", "ja-JP"], ["minato", "en-GB"], ["riku", "en-GB"], ["tetsuo", "ja-JP"]]) {
    const own = people[who] = await page({ locale: language, viewport: who === "keiko" ? { width: 390, height: 844 } : { width: 1400, height: 900 }, colorScheme: who === "keiko" ? "dark" : "light" });
    await own.goto(`${base}/enrol`);
    await own.fill("#name", `${who}-laptop`);
    await own.click("form[data-make] button");
    const lines = (await own.textContent("#lines")).trim().split("\n");
    policy = policy.replace(new RegExp(`^(${who} = .*subject = "[^"]*") }`, "m"), `$1, ${lines.join(", ")} }`);
  }
  must("five passkeys with secrets of their own", (policy.match(/recipient = "age1/g) || []).length === 5);
  writeFileSync(join(dir, "desk/policy.toml"), policy);
  run("kagimori-desk", "policy", "check", "desk/policy.toml");
  await stop(serving.child);
  run("kagimori-desk", "found", "--settings", toml, "--policy", "desk/policy.toml");
  serving = await start("kagimori-desk", "serve", "--settings", toml);
  for (const own of Object.values(people)) { await own.goto(`${base}/sign-in`); await own.click("form[data-ask] button"); await own.waitForURL(`${base}/`); }
  must("everybody signs in with a passkey", true);

  const pressed = async (own, selector, until) => { await Promise.all([own.waitForURL(until), own.click(selector)]); };
  const decided = async (url, who, what) => { const own = people[who]; await own.goto(url); await own.click(`form[action$="/${what}"] button`); await own.waitForFunction((what) => !document.querySelector(`form[action$="/${what}"]`), what); };
  // The seed comes in.
  const { keiko, riku, tetsuo } = people;
  await keiko.goto(`${base}/accounts`); await keiko.click("summary"); await keiko.fill("#why-management", "root の MFA を預ける");
  await pressed(keiko, 'button[value="enrol"]', /requests/);
  const ceremony = keiko.url();
  for (const who of ["aoi", "minato"]) await decided(ceremony, who, "approve");
  await riku.goto(ceremony); await pressed(riku, 'form[action$="/claim"] button', /operator/);
  const secret = randomBytes(20), code = (own) => own.waitForFunction(() => { const text = document.querySelector("[data-digits]").textContent.replace(/\D/g, ""); return text.length === 6 && text; }, null, { timeout: 45000 }).then((handle) => handle.jsonValue());
  const near = (digits) => [-1, 0, 1].some((more) => totp(secret, Math.floor(Date.now() / 30000) + more) === digits);
  await riku.fill("#secret", base32(secret));
  await riku.click("form[data-secret] button"); await riku.waitForSelector("form[data-inplace]");
  await riku.click("form[data-inplace] button");
  const one = await code(riku);
  must("the code of the ceremony is that of RFC 6238", near(one));
  for (let tries = 0; tries < 40 && [one, ""].includes((await riku.textContent("[data-digits]")).replace(/\D/g, "")); tries++) {
    await riku.click("form[data-inplace] button"); await new Promise((done) => setTimeout(done, 1000));
  }
  const other = await code(riku);
  must("the console gets the next one when its time has come", other !== one && near(other));
  await riku.reload(); await riku.waitForSelector('form[action$="/settle"]');
  await riku.check('input[name="password-keiko"]');
  await pressed(riku, 'form[action$="/settle"] button', /requests/);
  await decided(ceremony, "tetsuo", "review");
  must("a seed is in custody, and reviewed", (await (await tetsuo.goto(`${base}/accounts`)).text()).includes("保管中"));

  // A code in each mode.
  const stories = [];
  let used = Math.floor(Date.now() / 30000);
  for (const mode of ["direct", "phone"]) {
    // A half minute has one code. The one before has used this one: the story begins with the next, and has it all for itself.
    while (Math.floor(Date.now() / 30000) <= used) await new Promise((done) => setTimeout(done, 200));
    const story = Date.now();
    await keiko.goto(`${base}/requests/new`); await keiko.fill("#reason", `INC-1: ${mode}`); await keiko.check(`input[name=mode][value=${mode}]`);
    await pressed(keiko, "main form button:not(.plain)", /requests\/r/);
    const url = keiko.url(), id = url.split("/").pop();
    if (pictures && mode === "direct") await shot(people.aoi, url, "request");
    for (const who of ["aoi", "minato"]) await decided(url, who, "approve");
    await keiko.goto(`${url}/code`);
    const pin = (await keiko.textContent(".pin")).replace(/\D/g, "");
    await riku.goto(url); await pressed(riku, 'form[action$="/claim"] button', /operator/);
    await riku.fill("#typed", pin); await riku.click('form[action$="/pin"] button'); await riku.waitForSelector('form[action$="/release"]');
    for (let tries = 0; tries < 40; tries++) {
      // On a slow machine the half minute may have gone by.
      await riku.goto(`${base}/operator/${id}`); await riku.click('form[action$="/release"] button'); await riku.waitForLoadState();
      if (riku.url().endsWith(id)) break;
      await new Promise((done) => setTimeout(done, 1000));
    }
    const own = mode === "direct" ? keiko : riku;
    must(`the code comes to the ${mode === "direct" ? "requester" : "operator"}, and is that of RFC 6238`, near(await code(own)));
    if (pictures) await own.screenshot({ path: join(pictures, `${mode}.png`), fullPage: true });
    await keiko.goto(url); await keiko.click('form[action$="/finish"] button'); await keiko.waitForLoadState();
    await decided(url, "tetsuo", "review");
    must("it is finished and reviewed", true);
    used = Math.floor(Date.now() / 30000);
    stories.push((Date.now() - story) / 1000);
  }
  const told = stories.map((seconds) => seconds.toFixed(1)).join(" s and ");
  must(`the story, from the request to the review, takes less than half a minute in each mode: ${told} s`, stories.every((seconds) => seconds < 30));
  await tetsuo.goto(`${base}/record`); await tetsuo.click('form[action="/record/verify"] button'); await tetsuo.waitForSelector(".good");
  must("the record is verified from its disk", true);
  const copy = run("kagimori-desk", "backup", "--settings", toml, "--to", dir).trim();
  run("kagimori-desk", "restore-check", "--settings", toml, copy);
  must("a backup is whole, and the witness has seen no more", true);
  if (existsSync(join(bin, "kagimori-log-verify"))) {
    run("kagimori-desk", "log", "export", "--settings", toml, "--to", "published");
    run("kagimori-log-verify", "--log", "published", "--trust", "desk/trust");
    must("the auditor's program verifies the log that was exported", true);
  }
  // Reads, widths and axe.
  for (const own of [keiko, tetsuo]) for (const path of ["/", "/requests", "/requests/new", "/operator", "/accounts", "/people", "/record", "/record/1", "/notices", "/health", "/me", new URL(ceremony).pathname]) {
    await own.goto(base + path);
    const wide = await own.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    if (wide) throw new Error(`${path} is too wide`);
  }
  must("no page is too wide at 390 or 1,400 pixels", true);
  // axe is put in past the page's own policy, by the browser's tools.
  const serious = [];
  for (const path of ["/", "/requests/new", "/accounts", "/people", "/record", "/notices", "/health", new URL(ceremony).pathname]) {
    await tetsuo.goto(base + path);
    const devtools = await tetsuo.context().newCDPSession(tetsuo);
    await devtools.send("Runtime.evaluate", { expression: axe });
    const { result } = await devtools.send("Runtime.evaluate", { expression: "axe.run().then((r) => JSON.stringify(r.violations.filter((v) => ['serious','critical'].includes(v.impact)).map((v) => v.id + ' ' + v.nodes.map((n) => n.target).join(', '))))", awaitPromise: true });
    for (const found of JSON.parse(result.value)) serious.push(`${path}: ${found}`);
  }
  if (serious.length) say(serious.join("\n"));
  must("axe finds nothing serious", serious.length === 0);
  await browser.close();

  async function shot(own, url, name) { await own.goto(url); await own.screenshot({ path: join(pictures, `${name}.png`), fullPage: true }); }
}

if (pictures && !existsSync(pictures)) mkdirSync(pictures, { recursive: true });
try { await all(); say(`all of it in ${Math.round((Date.now() - begun) / 1000)} s`); } catch (error) { console.error(error); process.exitCode = 1; }
for (const child of children) { child.removeAllListeners("exit"); child.kill("SIGTERM"); }
rmSync(dir, { recursive: true, force: true });
process.exit();
