// A page beside which its files are missing: it says so, and no search says that nothing is there.
'use strict';
(async () => {
  const seen = [], see = (what, right, detail = '') => seen.push({ what, right: Boolean(right), detail: String(detail) });
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const until = async (what, holds) => {
    for (let turn = 0; turn < 400 && !holds(); turn += 1) await new Promise(go => setTimeout(go, 10));
    see(what, holds());
  };
  const alerts = () => all('[role=alert]').filter(one => one.checkVisibility());
  const button = document.querySelector('.account button[data-parts]'), details = all('details.one').find(one => one.querySelector(':scope > .inside[data-parts]'));
  button.click();
  await until('a list that is missing is told by its file', () => alerts().length === 1 && /^[a-z-]*lists\/list-\d+-[0-9a-f]{16}\.js cannot be read/.test(alerts()[0].innerText));
  see('the button stays', button.isConnected);
  button.click();
  await until('once', () => alerts().length === 1);
  details.querySelector('summary').click();
  await until('what is inside of one, too', () => alerts().length === 2 && details.innerText.includes('cannot be read'));
  const search = document.querySelector('.filters [name=search]'), shown = document.querySelector('.filters .shown');
  search.value = 'nobody-is-called-so';
  search.dispatchEvent(new Event('input', { bubbles: true }));
  await until('a search does not say that there is none', () => /^0 \+ \? \/ [\d,]+$/.test(shown.textContent));
  see('nor hides what it could not look at', button.checkVisibility());

  const report = JSON.stringify({ seen, troubles: (window.troubles ?? []).filter(trouble => trouble !== 'error: SCRIPT') });
  const pre = document.createElement('pre');
  pre.id = 'seen';
  pre.textContent = btoa(Array.from(new TextEncoder().encode(report), byte => String.fromCharCode(byte)).join(''));
  document.body.append(pre);
})();
