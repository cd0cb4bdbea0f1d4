// Put before everything else on the copy of the page under test: nothing that goes wrong is missed.
window.troubles = [];
for (const kind of ['error', 'warn']) {
  const original = console[kind];
  console[kind] = (...words) => { window.troubles.push(`console.${kind}: ${words.join(' ')}`); original.apply(console, words); };
}
window.addEventListener('error', event => window.troubles.push(`error: ${event.message || event.target.tagName}`), true);
window.addEventListener('unhandledrejection', event => window.troubles.push(`rejection: ${event.reason}`));
document.addEventListener('securitypolicyviolation', event => window.troubles.push(`policy: ${event.violatedDirective} ${event.blockedURI}`));
