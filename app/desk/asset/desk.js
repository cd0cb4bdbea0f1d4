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

// A passkey signs what the desk asks for. In `dev` alone the desk holds the keys itself.
async function sign(asked) {
  if ("dev" in root.dataset && asked.software) return JSON.stringify(await post("/dev/sign", { challenge: asked.challenge, person: asked.person || "" }));
  const allow = (asked.allow || []).map((id) => ({ type: "public-key", id: bytes(id) }));
  const found = await navigator.credentials.get({ publicKey: { challenge: bytes(asked.challenge), rpId: asked.rp, allowCredentials: allow, userVerification: "required", timeout: 110000 } });
  const it = found.response;
  return JSON.stringify({ credential: text(found.rawId), client_data: text(it.clientDataJSON), authenticator_data: text(it.authenticatorData), signature: text(it.signature) });
}

async function make(asked) {
  const user = { id: bytes(asked.user), name: asked.name, displayName: asked.name };
  const made = await navigator.credentials.create({ publicKey: {
    challenge: bytes(asked.challenge), rp: { id: asked.rp, name: asked.desk }, user, attestation: "none",
    pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -8 }],
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" } } });
  return JSON.stringify({ client_data: text(made.response.clientDataJSON), authenticator_data: text(made.response.getAuthenticatorData()) });
}

// The key of this page: a code is sealed to it, and it never leaves the page.
const X25519 = { name: "X25519" };
let viewer;
async function viewerKey() {
  viewer = viewer || await crypto.subtle.generateKey(X25519, false, ["deriveBits"]);
  return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.exportKey("raw", viewer.publicKey))));
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.ask || form.dataset.ready) { busy(form); return; }
  event.preventDefault();
  const trouble = form.querySelector("[data-trouble]");
  if (trouble) trouble.hidden = true;
  busy(form);
  try {
    const fields = Object.fromEntries(new FormData(form));
    const asked = await post(form.dataset.ask, fields);
    form.elements.signed.value = form.dataset.make !== undefined ? await make(asked) : await sign(asked);
    form.elements.challenge.value = asked.challenge;
    form.dataset.ready = "yes";
    form.submit();
  } catch (error) {
    free(form);
    if (trouble) { trouble.hidden = false; trouble.textContent = `${trouble.dataset.trouble} ${error.message}`; trouble.focus(); }
  }
});
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

for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", async () => {
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.replace(/\s/g, ""));
  const before = button.textContent; button.textContent = button.dataset.done; setTimeout(() => { button.textContent = before; }, 1500);
});

// The code: made for this page's key, opened here, shown until its step is over.
const box = document.querySelector("[data-code]");
if (box) (async () => {
  const show = (name) => { for (const it of box.querySelectorAll("[data-waiting], [data-gone], [data-unread]")) it.hidden = !(name in it.dataset); };
  const digits = box.querySelector("[data-digits]"), ring = box.querySelector("[data-ring]"), copy = box.querySelector("[data-copy]");
  const key = await viewerKey();
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

// X25519, HKDF-SHA-256 and AES-256-GCM, as the vault seals.
async function open(code) {
  const raw = (b64) => Uint8Array.from(atob(b64), (c) => c.charCodeAt(0));
  const theirs = raw(code.key), own = raw(await viewerKey());
  const shared = await crypto.subtle.deriveBits({ name: "X25519", public: await crypto.subtle.importKey("raw", theirs, X25519, false, []) }, viewer.privateKey, 256);
  const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const key = await crypto.subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array([...theirs, ...own]), info: new TextEncoder().encode("kagimori/code/1") }, base, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  return new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, raw(code.sealed)));
}
