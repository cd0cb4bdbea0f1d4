// A review whose lists stand in files beside its page: each is read when its tab is opened, and every row of it is there.
'use strict';
(async () => {
  const seen = [], see = (what, right, detail = '') => seen.push({ what, right: Boolean(right), detail: String(detail) });
  const data = JSON.parse(document.getElementById('data').textContent);
  const shown = () => Number(document.querySelector('.shown')?.textContent.replace(/\D/g, '') ?? -1);
  see('no list is in the page', ['findings', 'credentials', 'roles'].every(list => !data[list] && data.lists[list].length > 0));
  see('none is read before somebody asks', !document.querySelector('head script[src]'));
  for (const list of ['findings', 'credentials', 'roles']) {
    document.querySelector(`#tab-${list}`).click();
    for (let turn = 0; turn < 400 && shown() < 0; turn += 1) await new Promise(go => setTimeout(go, 10));
    see(`every row of ${list}`, shown() === data.sizes[list] && data.sizes[list] > 0, `${shown()} of ${data.sizes[list]}`);
    const drawn = [...document.querySelectorAll(`[data-table="${list}"] tbody tr:not(.detail)`)].filter(row => !row.querySelector('.empty'));
    see(`rows of ${list} are drawn`, drawn.length === Math.min(100, data.sizes[list]), drawn.length);
  }
  const report = JSON.stringify({ seen, troubles: [...(window.troubles ?? []), ...Object.keys(window).filter(name => name === 'broken')] });
  const pre = document.createElement('pre');
  pre.id = 'seen';
  pre.textContent = btoa(Array.from(new TextEncoder().encode(report), byte => String.fromCharCode(byte)).join(''));
  document.body.append(pre);
})();
