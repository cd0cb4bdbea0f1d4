// A desk of real processes (witness, vault, desk), and its five people, whose passkeys are software: what the checks of the desk share. Nobody
// here is a browser: each call is a form or a question of `desk.js`, and boxes are opened as it opens them.
import { spawn, execFileSync } from "node:child_process";
import * as crypto from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";

export const PEOPLE = ["keiko", "aoi", "minato", "riku", "tetsuo"];
export const ACCOUNT = "111122223333";
/// Passkeys and the name of the log hold the address of the pages, so that it stays when a desk is copied; where it listens does not.
export const ORIGIN = "http://localhost:8440";
export const port = () => new Promise((done) => { const server = createServer().listen(0, "127.0.0.1", () => { const { port } = server.address(); server.close(() => done(port)); }); });
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const url64 = (bytes) => Buffer.from(bytes).toString("base64url");
const sha256 = (bytes) => crypto.createHash("sha256").update(bytes).digest();

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
export const base32 = (bytes) => [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("").match(/.{5}/g).map((five) => BASE32[parseInt(five, 2)]).join("");
/// RFC 6238 with SHA-1 and six digits.
export function totp(secret, step) {
  const counter = Buffer.alloc(8); counter.writeBigUInt64BE(BigInt(step));
  const hash = crypto.createHmac("sha1", secret).update(counter).digest(), at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
}

// Boxes as `core/sealing` makes them.
const SPKI = Buffer.from("302a300506032b656e032100", "hex"), PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const x25519 = (secret) => crypto.createPrivateKey({ key: Buffer.concat([PKCS8, secret]), format: "der", type: "pkcs8" });
const publicOf = (key) => crypto.createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
function boxKey(own, theirs, salt, info) {
  const publicKey = crypto.createPublicKey({ key: Buffer.concat([SPKI, theirs]), format: "der", type: "spki" });
  return Buffer.from(crypto.hkdfSync("sha256", crypto.diffieHellman({ privateKey: own, publicKey }), salt, info, 32));
}
export function unbox(box, own, info, about) {
  const theirs = Buffer.from(box.key, "base64"), sealed = Buffer.from(box.sealed, "base64");
  const key = boxKey(own, theirs, Buffer.concat([theirs, publicOf(own)]), info);
  const opened = crypto.createDecipheriv("aes-256-gcm", key, Buffer.alloc(12)).setAAD(about).setAuthTag(sealed.subarray(-16));
  return Buffer.concat([opened.update(sealed.subarray(0, -16)), opened.final()]);
}
export function boxed(to, plain, info, about) {
  const once = x25519(crypto.randomBytes(32)), own = publicOf(once);
  const sealing = crypto.createCipheriv("aes-256-gcm", boxKey(once, to, Buffer.concat([own, to]), info), Buffer.alloc(12)).setAAD(about);
  return { key: own.toString("base64"), sealed: Buffer.concat([sealing.update(plain), sealing.final(), sealing.getAuthTag()]).toString("base64") };
}

/// What a desk said. `is_done`: it did what it was asked for.
class Answer {
  constructor(response, body) { this.status = response.statusCode; this.headers = response.headers; this.body = body; this.location = response.headers.location || ""; }
  get is_done() { return (this.status === 303 && this.location !== "/sign-in") || this.status === 200; }
  get json() { try { return JSON.parse(this.body); } catch { return {}; } }
  /// What a page of a refusal says, or a problem.
  get why() { return this.json.title || [...this.body.matchAll(/<(?:h1|p)>([^<]+)</g)].map((found) => found[1]).join(" · ") || `status ${this.status}`; }
}

/// One of the people: a passkey, the secret that opens their share, a session, and pages that are open.
export class Person {
  constructor(company, name, kept = {}) {
    Object.assign(this, { company, name, cookies: {}, csrf: "", viewers: {}, from: null });
    this.key = kept.key ? crypto.createPrivateKey(kept.key) : crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    this.credential = kept.credential ? Buffer.from(kept.credential, "base64") : crypto.randomBytes(16);
    this.secret = kept.secret ? Buffer.from(kept.secret, "base64") : crypto.randomBytes(32);
  }
  get kept() { return { key: this.key.export({ type: "pkcs8", format: "pem" }), credential: this.credential.toString("base64"), secret: this.secret.toString("base64") }; }

  send(method, path, { body = null, headers = {}, timeout = 30000 } = {}) {
    const cookie = Object.entries(this.cookies).map(([name, value]) => `${name}=${value}`).join("; ");
    const from = this.company.address || this.from;
    const all = { ...(cookie && { cookie }), ...(from && { "x-forwarded-for": from }), "accept-language": "en", ...headers };
    if (body !== null) all["content-length"] = Buffer.byteLength(body);
    return new Promise((done, failed) => {
      const asked = http.request({ host: "127.0.0.1", port: this.company.listen, path, method, headers: all, agent: this.company.agent, timeout }, (response) => {
        for (const line of response.headers["set-cookie"] || []) { const [, name, value] = line.match(/^([^=]+)=([^;]*)/); if (value) this.cookies[name] = value; else delete this.cookies[name]; }
        const parts = []; response.on("data", (part) => parts.push(part)); response.on("error", failed);
        response.on("end", () => done(new Answer(response, Buffer.concat(parts).toString())));
      });
      asked.on("timeout", () => asked.destroy(new Error("no answer"))); asked.on("error", failed); asked.end(body);
    });
  }
  async get(path) {
    const answer = await this.send("GET", path);
    const found = answer.body.match(/data-csrf="([^"]*)"/);
    if (found) this.csrf = found[1];
    return answer;
  }
  post(path, fields = {}, headers = {}) {
    const body = new URLSearchParams({ csrf: this.csrf, ...fields }).toString();
    return this.send("POST", path, { body, headers: { origin: ORIGIN, "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded", ...headers } });
  }
  /// The first event of a stream; `null`: there was none in time.
  event(path, ms = 3000) {
    const cookie = Object.entries(this.cookies).map(([name, value]) => `${name}=${value}`).join("; ");
    return new Promise((done) => {
      const asked = http.get({ host: "127.0.0.1", port: this.company.listen, path, headers: { cookie, ...(this.from && { "x-forwarded-for": this.from }) } }, (response) => {
        let text = ""; response.on("error", () => done(null)); response.on("end", () => done(null));
        response.on("data", (part) => { text += part; const found = text.match(/event: code\ndata: ?(.*)\n\n/); if (found) { asked.destroy(); done(JSON.parse(found[1])); } });
      });
      asked.on("error", () => done(null)); setTimeout(() => { asked.destroy(); done(null); }, ms);
    });
  }

  authenticator(flags) { return Buffer.concat([sha256("localhost"), Buffer.from([flags, 0, 0, 0, 0])]); }
  client(type, challenge) { return Buffer.from(JSON.stringify({ type, challenge, origin: ORIGIN, crossOrigin: false })); }
  /// What the passkey answers to a challenge.
  answer(challenge) {
    const client = this.client("webauthn.get", challenge), data = this.authenticator(5);
    const signature = crypto.sign("sha256", Buffer.concat([data, sha256(client)]), { key: this.key, dsaEncoding: "der" });
    return JSON.stringify({ credential: url64(this.credential), client_data: url64(client), authenticator_data: url64(data), signature: url64(signature) });
  }
  async signIn() {
    const { challenge } = (await this.post("/sign-in/ask")).json;
    const entered = await this.post("/sign-in", { challenge, signed: this.answer(challenge) });
    if (!entered.is_done) throw new Error(`${this.name} does not come in: ${entered.why}`);
    await this.get("/me");
    return this;
  }
  /// Makes the passkey at the desk; the lines for the policy.
  async enrol() {
    const { challenge } = (await this.post("/enrol/ask", { name: `${this.name}-key` })).json;
    const { x, y } = crypto.createPublicKey(this.key).export({ format: "jwk" });
    const cose = Buffer.concat([Buffer.from("a5010203262001215820", "hex"), Buffer.from(x, "base64url"), Buffer.from("225820", "hex"), Buffer.from(y, "base64url")]);
    const length = Buffer.from([0, this.credential.length]);
    const data = Buffer.concat([this.authenticator(0x45), Buffer.alloc(16), length, this.credential, cose]);
    const recipient = url64(publicOf(x25519(this.secret)));
    const signed = JSON.stringify({ client_data: url64(this.client("webauthn.create", challenge)), authenticator_data: url64(data), recipient });
    const made = await this.post("/enrol", { challenge, signed, name: `${this.name}-key` });
    return made.body.match(/<pre id="lines">([^<]*)</)[1].replaceAll("&quot;", '"').trim().split("\n");
  }

  /// The key of this page for one request, by which a code is sealed to it.
  viewer(id) { this.viewers[id] = this.viewers[id] || x25519(crypto.randomBytes(32)); return publicOf(this.viewers[id]).toString("base64"); }
  async ask({ mode = "direct", reason = "INC-1", minutes = 30 } = {}) {
    const asked = await this.post("/requests/new", { target: ACCOUNT, reason, minutes: String(minutes), mode });
    return Object.assign(asked, { id: asked.is_done ? asked.location.split("/").pop() : null });
  }
  /// The fields of a deed that the passkey signs.
  async prepared(id, what, fields = {}) {
    const answer = await this.post(`/requests/${id}/ask/${what}`, fields), asked = answer.json;
    if (answer.status !== 200) return { refused: answer };
    let share = "";
    if (asked.share) {
      const own = x25519(this.secret), plain = unbox(asked.share.held, own, "kagimori/held-share/1", Buffer.from(asked.share.about_held, "base64"));
      share = JSON.stringify(boxed(Buffer.from(asked.share.key, "base64"), plain, "kagimori/share/1", Buffer.from(asked.share.about, "base64")));
    }
    return { fields: { ...fields, challenge: asked.challenge, signed: this.answer(asked.challenge), share, viewer: what === "claim" ? this.viewer(id) : "" } };
  }
  async signed(id, what, fields = {}) {
    const prepared = await this.prepared(id, what, fields);
    return prepared.refused || this.post(`/requests/${id}/${what}`, prepared.fields);
  }
  approve(id) { return this.signed(id, "approve"); }
  claim(id) { return this.signed(id, "claim"); }
  review(id) { return this.signed(id, "review", { finding: "fine" }); }
  deny(id) { return this.post(`/requests/${id}/deny`, { reason: "no" }); }
  finish(id) { return this.post(`/requests/${id}/finish`); }
  ready(id) { return this.post(`/requests/${id}/ready`, { viewer: this.viewer(id) }); }
  async pin(id) { const found = (await this.get(`/requests/${id}/code`)).body.match(/class="pin">([0-9 ]+)</); return found && found[1].replace(/\D/g, ""); }
  type(id, pin) { return this.post(`/operator/${id}/pin`, { pin }); }
  release(id) { return this.post(`/operator/${id}/release`); }
  /// The code that waits for this person's page, opened; and its step.
  async code(id, whose = "requester", ms = 3000) {
    const code = await this.event(`/requests/${id}/${whose}-code`, ms);
    return code && { digits: unbox(code, this.viewers[id], "kagimori/code/1", Buffer.alloc(0)).toString(), step: Math.floor(code.from / 30) };
  }
  /// The state of a request, as its page says it in a word of the API.
  async state(id) { return (await this.send("GET", `/v1/requests/${id}`)).json.state; }
}

/// The company: a folder, its processes and its people.
export class Company {
  constructor(bin, dir) { Object.assign(this, { bin, dir, children: {}, people: {}, told: "" }); this.agent = new http.Agent({ keepAlive: true, maxSockets: 256 }); }
  get settings() { return join(this.dir, "desk/desk.toml"); }
  run(program, ...args) { return execFileSync(join(this.bin, program), args, { cwd: this.dir, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }); }

  /// A new one: founded, and everybody has a passkey. `edit` may change the policy before.
  static async found(bin, dir, edit = (policy) => policy) {
    mkdirSync(dir, { recursive: true });
    const it = new Company(bin, dir);
    await it.places();
    const first = it.begin("witness", "kagimori-desk", ["witness", "--dir", "witness", "--name", "witness.check", "--listen", `127.0.0.1:${it.seen}`]);
    const key = await first; await it.stop("witness");
    it.run("kagimori-desk", "init", "--dir", "desk", "--company", "Check", "--origin", ORIGIN, "--listen", `127.0.0.1:${it.listen}`, "--proxy", "127.0.0.1/32", "--vault", "../vault.sock", "--witness", `http://127.0.0.1:${it.seen}`, "--witness-key", key);
    it.run("kagimori-desk-vault", "init", "--dir", "vault", "--host-key", "host.key");
    await it.places(); await it.start("witness"); await it.start("vault"); await it.start("desk");
    let policy = edit(readFileSync(join(dir, "desk/policy.toml"), "utf8"));
    for (const name of PEOPLE) {
      const lines = await (it.people[name] = new Person(it, name)).enrol();
      policy = policy.replace(new RegExp(`^(${name} = .*subject = "[^"]*") }`, "m"), `$1, ${lines.join(", ")} }`);
    }
    writeFileSync(join(dir, "desk/policy.toml"), policy);
    await it.stop("desk");
    it.run("kagimori-desk", "found", "--settings", it.settings, "--policy", "desk/policy.toml");
    it.secret = crypto.randomBytes(20);
    it.keep();
    await it.start("desk"); await it.signIn();
    return it;
  }
  keep() { writeFileSync(join(this.dir, "people.json"), JSON.stringify({ secret: this.secret.toString("base64"), people: Object.fromEntries(Object.entries(this.people).map(([name, person]) => [name, person.kept])) })); }
  /// A copy of one whose processes have stopped, at other addresses of this machine.
  static async copy(from, dir) {
    cpSync(from.dir, dir, { recursive: true, filter: (path) => !path.endsWith(".sock") });
    const it = new Company(from.bin, dir), kept = JSON.parse(readFileSync(join(dir, "people.json"), "utf8"));
    it.secret = Buffer.from(kept.secret, "base64");
    for (const [name, person] of Object.entries(kept.people)) it.people[name] = new Person(it, name, person);
    await it.places();
    return it;
  }
  /// Writes where everything is into desk.toml.
  async places() {
    [this.listen, this.seen] = [await port(), await port()];
    if (!existsSync(this.settings)) return;
    const seen = `http://127.0.0.1:${this.seen}`;
    const text = readFileSync(this.settings, "utf8").replace(/^clocks.*\n/m, "").replace(/^listen = .*/m, `listen = "127.0.0.1:${this.listen}"\nclocks = ["${seen}/"]`).replace(/^address = .*/m, `address = "${seen}"`);
    writeFileSync(this.settings, text);
    this.log = readFileSync(join(this.dir, "desk/trust"), "utf8").split("\n")[0].split(" ")[1];
  }
  begin(name, program, args, env = {}) {
    const child = this.children[name] = spawn(join(this.bin, program), args, { cwd: this.dir, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1", ...env } });
    child.told = ""; child.over = new Promise((done) => child.once("exit", (code, signal) => { child.is_over = true; done(signal || code); }));
    return new Promise((done, failed) => {
      child.once("exit", (code, signal) => failed(Object.assign(new Error(`${name} ended with ${signal || code}: ${child.told}`), { ended: signal || code })));
      child.stdout.on("data", (bytes) => { if (name !== "vault") done(String(bytes).trim()); });
      child.stderr.on("data", (bytes) => { child.told += bytes; if (name === "vault" && child.told.includes("listening")) done(""); });
    });
  }
  start(name, env = {}, extra = []) {
    if (name === "witness") return this.begin(name, "kagimori-desk", ["witness", "--dir", "witness", "--name", "witness.check", "--listen", `127.0.0.1:${this.seen}`, "--log", this.log, ...extra], env);
    if (name === "vault") return this.begin(name, "kagimori-desk-vault", ["run", "--dir", "vault", "--host-key", "host.key", "--socket", "vault.sock", "--trust", "desk/trust", "--origin", ORIGIN, ...extra], env);
    return this.begin(name, "kagimori-desk", ["serve", "--settings", this.settings, ...extra], env);
  }
  async startAll() { await this.start("witness"); await this.start("vault"); await this.start("desk"); return this; }
  async stop(name, signal = "SIGTERM") {
    const child = this.children[name];
    if (!child) return;
    delete this.children[name];
    if (!child.is_over) child.kill(signal);
    await child.over;
  }
  async stopAll() { this.agent.destroy(); for (const name of Object.keys(this.children)) await this.stop(name, "SIGKILL"); }
  async signIn() { for (const person of Object.values(this.people)) await person.signIn(); }
  remove() { rmSync(this.dir, { recursive: true, force: true }); }

  async approved(id) { for (const name of ["aoi", "minato"]) must(await this.people[name].approve(id), `${name} approves`); }
  /// The seed comes into custody, as it does on the pages. Takes until the second half minute begins.
  async ceremony() {
    const { keiko, riku, tetsuo } = this.people;
    const asked = must(await keiko.post("/accounts/ceremony", { seed: "management", ceremony: "enrol", reason: "SEC-1" }), "asks for a ceremony");
    const id = asked.location.split("/").pop();
    await this.approved(id);
    must(await riku.claim(id), "claims");
    const { key } = must(await riku.post(`/operator/${id}/begin`), "begins").json;
    const sealed = JSON.stringify(boxed(Buffer.from(key, "base64"), Buffer.from(base32(this.secret)), "kagimori/secret/1", Buffer.from(id)));
    must(await riku.post(`/operator/${id}/secret`, { sealed }), "gives the secret");
    // A step that an earlier ceremony used is over within half a minute.
    let code;
    for (let tries = 0; tries < 40 && !(code = await riku.post(`/operator/${id}/enrol-code`)).is_done && code.why.includes("step"); tries++) await pause(1000);
    must(code, "makes a code");
    must(await riku.post(`/operator/${id}/settle`, { "seed-riku": "yes", "password-keiko": "yes" }), "settles");
    must(await tetsuo.review(id), "reviews");
    return id;
  }
  /// As far as the PIN.
  async verified(options = {}) {
    const { keiko, riku } = this.people;
    const { id } = must(await keiko.ask(options), "asks");
    await this.approved(id);
    await keiko.ready(id);
    must(await riku.claim(id), "claims");
    must(await riku.type(id, await keiko.pin(id)), "types the PIN");
    return id;
  }
  /// With `scatters`, each call comes from an address of its own, as those of many people do: there is a bucket for each.
  get address() { if (!this.scatters) return null; this.turn = (this.turn || 0) + 1; return `127.${this.turn >> 16 & 127}.${this.turn >> 8 & 255}.${this.turn & 255}`; }
  get step() { return Math.floor(Date.now() / 30000); }
}
export function must(answer, what) { if (!answer.is_done) throw new Error(`${what}: ${answer.status} ${answer.why}`); return answer; }
