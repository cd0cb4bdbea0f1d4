// What a page cannot do without a script: passkeys, the time that is left, news, and the code that only this page can open.
// Nothing here decides anything; without it the pages still say everything but the code.
"use strict";
const root = document.documentElement;
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
const post = async (path, fields) => {
  const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields), headers: { "x-csrf-token": root.dataset.csrf || "", accept: "application/json" } });
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(value.title || answer.statusText);
  return value;
};

// A passkey signs what the desk asks for; the same touch gives the secret that opens the person's share (WebAuthn `prf`), when there is one.
// In `dev` alone the desk holds the keys itself.
async function sign(asked) {
  if ("dev" in root.dataset && asked.software) {
    const { secret, ...signed } = await post("/dev/sign", { challenge: asked.challenge });
    return { signed: JSON.stringify(signed), secret: secret && bytes(secret) };
  }
  const allow = (asked.allow || []).map((id) => ({ type: "public-key", id: bytes(id) }));
  const extensions = asked.share ? { prf: { eval: { first: PRF } } } : {};
  const found = await navigator.credentials.get({ publicKey: { challenge: bytes(asked.challenge), rpId: asked.rp, allowCredentials: allow, userVerification: "required", timeout: 110000, extensions } });
  const it = found.response, prf = found.getClientExtensionResults().prf;
  return {
    signed: JSON.stringify({ credential: text(found.rawId), client_data: text(it.clientDataJSON), authenticator_data: text(it.authenticatorData), signature: text(it.signature) }),
    secret: prf && prf.results && new Uint8Array(prf.results.first),
  };
}
const PRF = new TextEncoder().encode("kagimori/share-key/1");

async function make(asked) {
  const user = { id: bytes(asked.user), name: asked.name, displayName: asked.name };
  const extensions = { prf: { eval: { first: PRF } } };
  const made = await navigator.credentials.create({ publicKey: {
    challenge: bytes(asked.challenge), rp: { id: asked.rp, name: asked.desk }, user, attestation: "none", extensions,
    pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -8 }],
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" } } });
  let prf = made.getClientExtensionResults().prf;
  if (prf && prf.enabled && !prf.results) {
    // Some devices give the secret only when the key is used.
    const used = await navigator.credentials.get({ publicKey: { challenge: bytes(asked.challenge), rpId: asked.rp, allowCredentials: [{ type: "public-key", id: made.rawId }], userVerification: "required", extensions } });
    prf = used.getClientExtensionResults().prf;
  }
  const secret = prf && prf.results && new Uint8Array(prf.results.first);
  return JSON.stringify({ client_data: text(made.response.clientDataJSON), authenticator_data: text(made.response.getAuthenticatorData()), recipient: secret ? (await share_key(secret)).public : null });
}

// The key that opens a share, of the secret that a passkey gives.
async function share_key(secret) {
  const pkcs8 = new Uint8Array([...raw("MC4CAQAwBQYDK2VuBCIEIA=="), ...secret]);
  const pair = await crypto.subtle.importKey("pkcs8", pkcs8, X25519, true, ["deriveBits"]);
  return { pair, public: (await crypto.subtle.exportKey("jwk", pair)).x };
}

// The key of this browser for one request: a code is sealed to it. It cannot be taken out of the browser, and stays when the page is left.
const X25519 = { name: "X25519" };
const shelf = () => new Promise((done, failed) => {
  const asked = indexedDB.open("kagimori", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("viewers");
  asked.onsuccess = () => done(asked.result); asked.onerror = () => failed(asked.error);
});
const kept = async (mode, use) => {
  const base = await shelf();
  return new Promise((done, failed) => { const asked = use(base.transaction("viewers", mode).objectStore("viewers")); asked.onsuccess = () => done(asked.result); asked.onerror = () => failed(asked.error); });
};
let viewer;
async function viewerKey(request) {
  viewer = viewer || await kept("readonly", (all) => all.get(request));
  if (!viewer) {
    viewer = await crypto.subtle.generateKey(X25519, false, ["deriveBits"]);
    await kept("readwrite", (all) => all.put(viewer, request));
  }
  return b64(await crypto.subtle.exportKey("raw", viewer.publicKey));
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.dataset.inplace !== undefined) { event.preventDefault(); await inPlace(form); return; }
  if (form.dataset.secret && !form.dataset.ready) { event.preventDefault(); await secretly(form); return; }
  // A button that is pressed is part of what is sent: it rests after that.
  if (!form.dataset.ask || form.dataset.ready) { setTimeout(() => busy(form)); return; }
  event.preventDefault();
  const trouble = form.querySelector("[data-trouble]");
  if (trouble) trouble.hidden = true;
  busy(form);
  try {
    const fields = Object.fromEntries(new FormData(form));
    const asked = await post(form.dataset.ask, fields);
    if (form.dataset.make !== undefined) form.elements.signed.value = await make(asked);
    else {
      const { signed, secret } = await sign(asked);
      form.elements.signed.value = signed;
      if (asked.share) form.elements.share.value = await give(asked.share, secret);
    }
    if (form.dataset.viewer !== undefined) form.elements.viewer.value = await viewerKey(form.dataset.viewer);
    form.elements.challenge.value = asked.challenge;
    form.dataset.ready = "yes";
    form.submit();
  } catch (error) {
    free(form);
    if (trouble) { trouble.hidden = false; trouble.textContent = `${trouble.dataset.trouble} ${error.message}`; trouble.focus(); }
  }
});
// A step of a ceremony that leaves the page as it is: its code comes to the box beside it.
async function inPlace(form) {
  const trouble = form.querySelector("[data-trouble]");
  busy(form);
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  trouble.hidden = answer.ok;
  if (!answer.ok) trouble.textContent = [...(await answer.text()).matchAll(/<(?:h1|p)>([^<]+)</g)].map((found) => found[1]).join(" · ");
  free(form);
}
// What is typed is sealed to the vault here; the desk never has it.
async function secretly(form) {
  const typed = form.querySelector("input[type=password]"), trouble = form.querySelector("[data-trouble]");
  busy(form);
  try {
    const { key } = await post(form.dataset.secret, {});
    form.elements.sealed.value = JSON.stringify(await box_for(raw(key), utf8(typed.value.trim()), "kagimori/secret/1", utf8(form.dataset.about)));
    typed.value = ""; typed.required = false; form.dataset.ready = "yes"; form.submit();
  } catch (error) { free(form); trouble.hidden = false; trouble.textContent = `${trouble.dataset.trouble} ${error.message}`; }
}
const busy = (form) => { for (const button of form.querySelectorAll("button")) button.disabled = true; };
const free = (form) => { for (const button of form.querySelectorAll("button")) button.disabled = false; };
addEventListener("pageshow", () => { for (const form of document.forms) { free(form); delete form.dataset.ready; } });

// The time that is left.
const two = (number) => String(number).padStart(2, "0");
function tick() {
  const now = Date.now() / 1000;
  for (const it of document.querySelectorAll("[data-until]")) {
    const left = Math.max(0, Math.round(it.dataset.until - now));
    const hours = Math.floor(left / 3600);
    it.textContent = (hours ? `${hours}:${two(Math.floor(left / 60) % 60)}` : Math.floor(left / 60)) + ":" + two(left % 60);
  }
}
tick(); setInterval(tick, 1000);

// News: the page is loaded again, unless somebody is typing.
let dirty = false;
addEventListener("input", () => { dirty = true; });
if ("live" in root.dataset) {
  const news = new EventSource("/live");
  news.addEventListener("changed", () => {
    const at = document.activeElement;
    const holds = dirty || document.querySelector("[data-code]") || (at && at.closest("form, details[open]"));
    if (holds) document.querySelector("[data-news]").hidden = false; else location.reload();
  });
  news.addEventListener("over", () => { news.close(); location.reload(); });
}

for (const button of document.querySelectorAll("[data-copy-lines]")) button.addEventListener("click", async () => {
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copyLines).textContent);
  button.textContent = button.dataset.done;
});
for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", async () => {
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.replace(/\s/g, ""));
  const before = button.textContent; button.textContent = button.dataset.done; setTimeout(() => { button.textContent = before; }, 1500);
});

// The code: made for this page's key, opened here, shown until its step is over.
const box = document.querySelector("[data-code]");
if (box) (async () => {
  const show = (name) => { for (const it of box.querySelectorAll("[data-waiting], [data-gone], [data-unread]")) it.hidden = !(name in it.dataset); };
  const digits = box.querySelector("[data-digits]"), ring = box.querySelector("[data-ring]"), copy = box.querySelector("[data-copy]");
  const key = await viewerKey(box.dataset.request);
  if (box.dataset.ready) await post(box.dataset.ready, { viewer: key });
  const codes = new EventSource(box.dataset.code);
  let timer;
  codes.addEventListener("code", async (event) => {
    const code = JSON.parse(event.data);
    let plain;
    try { plain = await open(code); } catch { show("unread"); return; }
    digits.textContent = plain.length === 6 ? `${plain.slice(0, 3)} ${plain.slice(3)}` : plain;
    show(""); copy.hidden = false;
    clearInterval(timer);
    const left = () => {
      const rest = code.until - Date.now() / 1000;
      ring.style.strokeDashoffset = String(100 - Math.max(0, Math.min(100, (100 * rest) / (code.until - code.from))));
      if (rest <= 0) { clearInterval(timer); digits.textContent = "– – –"; copy.hidden = true; show("gone"); }
    };
    left(); timer = setInterval(left, 250);
  });
})();

// Boxes as `core/sealing` makes them: X25519, HKDF-SHA-256 over both public keys and what the box is for, AES-256-GCM.
const raw = (b64) => Uint8Array.from(atob(b64), (c) => c.charCodeAt(0));
const b64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
const utf8 = (words) => new TextEncoder().encode(words);
async function boxKey(secret, theirs, salt, info, use) {
  const peer = await crypto.subtle.importKey("raw", theirs, X25519, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "X25519", public: peer }, secret, 256);
  const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt, info: utf8(info) }, base, { name: "AES-GCM", length: 256 }, false, [use]);
}
const gcm = (about) => ({ name: "AES-GCM", iv: new Uint8Array(12), additionalData: about });
async function unbox(sealed, pair, own, info, about) {
  const theirs = raw(sealed.key);
  const key = await boxKey(pair, theirs, new Uint8Array([...theirs, ...own]), info, "decrypt");
  return crypto.subtle.decrypt(gcm(about), key, raw(sealed.sealed));
}
async function box_for(to, plain, info, about) {
  const once = await crypto.subtle.generateKey(X25519, false, ["deriveBits"]);
  const own = new Uint8Array(await crypto.subtle.exportKey("raw", once.publicKey));
  const key = await boxKey(once.privateKey, to, new Uint8Array([...own, ...to]), info, "encrypt");
  return { key: b64(own), sealed: b64(await crypto.subtle.encrypt(gcm(about), key, plain)) };
}

// The approver's share: opened with the secret of their passkey, and sealed to the vault's key of this request.
async function give(share, secret) {
  if (!secret) throw new Error("this passkey gives no secret (prf), so your share stays shut");
  const { pair, public: own_text } = await share_key(secret);
  const own = bytes(own_text);
  const plain = await unbox(share.held, pair, own, "kagimori/held-share/1", raw(share.about_held));
  return JSON.stringify(await box_for(raw(share.key), plain, "kagimori/share/1", raw(share.about)));
}

const open = async (code) => new TextDecoder().decode(await unbox(code, viewer.privateKey, raw(await viewerKey(box.dataset.request)), "kagimori/code/1", new Uint8Array()));
