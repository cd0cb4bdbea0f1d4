// Put behind everything else on the copy of the page under test: uses the page as a person would, by clicks and keys, and
// leaves what it saw in place of the page. What is expected is counted from the page's data, not from the page.
(() => {
  'use strict';
  const seen = [];
  const data = JSON.parse(document.getElementById('data').textContent);
  const one = selector => document.querySelector(selector);
  const all = selector => [...document.querySelectorAll(selector)];
  const expect = (what, right, detail) => seen.push({ what, right: Boolean(right), detail: right ? '' : String(detail) });
  const same = (what, got, wanted) => expect(what, JSON.stringify(got) === JSON.stringify(wanted), `got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
  const TABS = ['overview', 'findings', 'controls', 'accounts', 'credentials', 'roles', 'trail', 'unknown'];
  const PAGE_ROWS = 100;
  const japanese = /[\u3040-\u30ff\u4e00-\u9fff]/;

  const open = tab => one(`#tab-${tab}`).click();
  const speak = language => one(`[data-language=${language}]`).click();
  const rows = id => all(`[data-table="${id}"] tbody tr:not(.detail)`).filter(row => !row.querySelector('.empty'));
  const column = (id, index) => rows(id).map(row => row.cells[index].textContent);
  const headed = (id, text) => all(`[data-table="${id}"] thead th`).findIndex(head => head.textContent.trim() === text);
  const shown = () => Number(one('.shown').textContent.replace(/\D/g, ''));
  const choose = (filter, value) => {
    const select = one(`select[data-filter="${filter}"]`);
    select.value = value;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  };
  const search = text => {
    const input = one('input[type=search]');
    input.value = text;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  };

  function tabsAndLanguages() {
    for (const language of ['en', 'ja']) {
      speak(language);
      same(`the document says that it is in ${language}`, document.documentElement.lang, language);
      for (const tab of TABS) {
        open(tab);
        expect(`${tab} in ${language} shows something`, one('main').textContent.trim().length > 20, one('main').textContent);
        const said = all('th button, h1, h2, nav button, .tile span, .legend span, .pager button').filter(node => node.getClientRects().length).map(node => node.innerText.trim());
        const raw = said.filter(text => /^(column|tile|chart|detail|severity|outcome|state|class|caller|mfa|status|reason|against)-[a-z]/.test(text));
        same(`${tab} in ${language} shows no key in place of its text`, raw, []);
        const wrong = said.filter(text => (language === 'en') === japanese.test(text) && !/^[^a-z]*(MFA|ARN|IAM)?[^a-z]*$/i.test(text));
        same(`${tab} in ${language} is in that language throughout`, wrong, []);
      }
    }
    speak('en');
  }

  function filters() {
    open('credentials');
    same('every user and key has its row', shown(), data.credentials.length);
    const wanted = data.credentials.filter(row => row.password === true && row.mfa === false);
    choose('password', 'yes');
    choose('mfa', 'no');
    same('password on and MFA off is one filter', shown(), wanted.length);
    same('and shows those users', new Set(column('credentials', headed('credentials', 'User'))).size, new Set(wanted.map(row => row.user).slice(0, PAGE_ROWS)).size);
    choose('password', '');
    choose('mfa', '');
    const name = data.credentials.find(row => row.user.length > 3).user;
    search(name.toUpperCase());
    const matching = data.credentials.filter(row => row.user.toLowerCase().includes(name.toLowerCase()));
    expect('search is not picky about case', shown() >= matching.length && shown() < Math.max(2, data.credentials.length), `${shown()} of ${data.credentials.length} for ${name}`);
    search('no such name anywhere');
    same('a search without match says so', [shown(), rows('credentials').length, all('.empty').length], [0, 0, 1]);
    search('');
    open('findings');
    const check = data.findings.find(finding => finding.outcome === 'FAIL').check;
    choose('check', check);
    same('findings filter by check', shown(), data.findings.filter(finding => finding.check === check && finding.outcome !== 'UNKNOWN').length);
  }

  function sorting() {
    open('credentials');
    const age = headed('credentials', 'Age (days)');
    const ages = data.credentials.map(row => (row.key ? row.key.age : null)).filter(value => value !== null);
    const shownAges = () => column('credentials', age).filter(text => text !== '').map(text => Number(text.replace(/\D/g, '')));
    const press = () => all('[data-table=credentials] thead th')[age].querySelector('button').click();
    press();
    same('ages rise', shownAges(), [...ages].sort((a, b) => a - b).slice(0, PAGE_ROWS));
    same('and the head says so', all('[data-table=credentials] thead th')[age].getAttribute('aria-sort'), 'ascending');
    press();
    same('ages fall', shownAges(), [...ages].sort((a, b) => b - a).slice(0, PAGE_ROWS));
    open('findings');
    all('[data-table=findings] thead th')[0].querySelector('button').click();
    const worst = data.findings.filter(finding => finding.outcome !== 'UNKNOWN').some(finding => finding.severity === 'critical');
    if (worst) same('severity sorts by severity, not by letter', column('findings', 0)[0], 'critical');
  }

  function details() {
    open('findings');
    const row = rows('findings')[0];
    row.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    const detail = one('tr.detail');
    const check = data.checks.find(candidate => candidate.id === data.findings.find(finding => finding.outcome !== 'UNKNOWN').check);
    expect('a finding opens by key and says what to do', detail && detail.textContent.includes(check.fix), detail && detail.textContent);
    const used = data.credentials.find(credential => credential.key && credential.key.calls);
    if (!used) return;
    open('credentials');
    search(used.key.id);
    rows('credentials')[0].click();
    const evidence = one('tr.detail');
    expect('a key opens and shows where it was used from', evidence && evidence.textContent.includes(used.key.addresses[0][0]), evidence && evidence.textContent);
    expect('and its days', evidence && evidence.querySelectorAll('svg rect').length > 0, 'no bar');
  }

  function charts() {
    open('trail');
    const figures = all('#trail section'), lines = figure => [...figure.querySelectorAll('tbody tr')];
    same('the trail has its charts', figures.length, data.has_trail ? 4 : 1);
    if (!data.has_trail) return;
    const known = data.accounts.filter(account => account.events || ['ok', 'partial'].includes(account.state));
    same('accounts have their days, below those of all', lines(figures[0]).length, Math.min(known.length, 30) + 2);
    const active = data.credentials.filter(row => row.key && row.key.active === true);
    same('active keys have their days', lines(figures[1]).length, Math.min(active.length, 40));
    expect('a key in use has a block', lines(figures[1]).some(line => line.querySelector('path.use, path.noise')), 'none');
    const pictures = all('#trail td svg');
    expect('every picture has a size', pictures.length > 3 && pictures.every(svg => svg.getBoundingClientRect().width > 100 && svg.getBoundingClientRect().height > 10), pictures.length);
    const strips = figures.map(figure => new Set([...figure.querySelectorAll('tbody svg[data-first]')].map(svg => Math.round(svg.getBoundingClientRect().left))).size);
    expect('the days of a chart stand below each other', strips.every(count => count <= 1), strips);
    const dates = figures.flatMap(figure => {
      const spans = [...figure.querySelectorAll('.axis span')].map(span => span.getBoundingClientRect());
      return spans.slice(1).map((box, index) => box.left - spans[index].right);
    });
    expect('dates do not overlap', dates.every(gap => gap >= 0), dates);
    const picture = one('#trail svg[data-first]'), box = picture.getBoundingClientRect();
    picture.dispatchEvent(new MouseEvent('mousemove', { bubbles: true, clientX: box.left + 1, clientY: box.top + 1 }));
    same('a day under the pointer tells its date', one('#trail').title, new Date(picture.dataset.first * 86400000).toISOString().slice(0, 10));
    for (const language of ['en', 'ja']) {
      speak(language);
      const wrong = all('#trail [lang]').filter(node => (node.lang === language) !== (node.getClientRects().length > 0));
      same(`the charts are in ${language} alone`, wrong.map(node => node.textContent), []);
    }
    const pairs = all('#trail [lang=en]').map(node => [node.textContent, node.nextElementSibling]);
    same('every text of a chart has its Japanese', pairs.filter(([, ja]) => !ja || ja.lang !== 'ja' || !japanese.test(ja.textContent)).map(([text]) => text), []);
    speak('en');
  }

  function pages() {
    open('roles');
    if (data.roles.length <= PAGE_ROWS) return;
    same('a page has its rows', rows('roles').length, PAGE_ROWS);
    all('.pager button')[1].click();
    same('the next page has the next', rows('roles').length, Math.min(PAGE_ROWS, data.roles.length - PAGE_ROWS));
  }

  function hostility() {
    for (const tab of TABS) {
      open(tab);
      rows(tab).slice(0, 5).forEach(row => row.click());
      same(`no element in ${tab} comes from data`, all('main img, main script, main iframe, main a, main [onload], main [onerror]').length, 0);
    }
    same('no script from data ran', window.broken, undefined);
    same('nothing was fetched', performance.getEntriesByType('resource').map(entry => entry.name), []);
  }

  const steps = { tabsAndLanguages, filters, sorting, details, charts, pages, hostility };
  for (const [name, step] of Object.entries(steps)) {
    try { step(); } catch (error) { expect(`${name} runs to its end`, false, error.stack); }
  }
  const result = document.createElement('pre');
  result.id = 'seen';
  result.textContent = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify({ seen, troubles: window.troubles }))));
  document.body.replaceChildren(result);
})();
