'use strict';
// The page: tabs, charts and tables over the JSON beside it. Data is put on the page as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const texts = JSON.parse(document.getElementById('texts').textContent);
  const LEVELS = ['critical', 'high', 'medium', 'low', 'informational'];
  const PAGE_ROWS = 100;
  const checks = new Map(data.checks.map(check => [check.id, check]));
  const names = new Map(data.accounts.map(account => [account.id, account.name || account.id]));
  let language = remembered() || (navigator.language.startsWith('ja') ? 'ja' : 'en');
  let tab = 'overview';
  // The charts of the trail stand in the page itself, in both languages.
  const trail = document.getElementById('trail');
  trail.addEventListener('mousemove', event => {
    const picture = event.target.closest('svg[data-first]');
    if (!picture) { trail.removeAttribute('title'); return; }
    const box = picture.getBoundingClientRect(), days = picture.viewBox.baseVal.width;
    const place = Math.min(days - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * days)));
    trail.title = new Date((Number(picture.dataset.first) + place) * 86400000).toISOString().slice(0, 10);
  });

  const t = key => (texts[key] ? texts[key][language === 'ja' ? 1 : 0] : key);

  function remembered() {
    const asked = /[#&]lang=(en|ja)/.exec(location.hash);
    if (asked) return asked[1];
    try { return localStorage.getItem('kagimori-language'); } catch { return null; }
  }

  // ---- making elements
  function el(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === 'on') for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
    }
    node.append(...children.filter(child => child !== null && child !== undefined));
    return node;
  }
  function draw(name, attributes, ...children) {
    const node = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  // ---- words for values
  const number = n => (n === null || n === undefined ? '?' : n.toLocaleString(language));
  const yesNo = v => (v === null || v === undefined ? t('not-known') : v ? t('yes') : t('no'));
  const day = at => (at ? at.slice(0, 10) : '');
  const dayOrNever = (v, known) => (known ? (v ? day(v) : t('never')) : t('not-known'));
  const chip = (text, style) => el('span', { class: `chip ${style}` }, text);
  const sentence = finding => finding[language];
  const keyName = key => (key ? key.id || `slot ${key.slot}` : '');
  const useClass = key => (key ? key.class || (data.has_trail && key.active ? 'unseen' : null) : null);

  // ---- tabs
  const tabs = {
    overview: { view: overview },
    findings: { view: () => table(findingTable()), count: () => data.findings.filter(f => f.outcome !== 'UNKNOWN').length },
    accounts: { view: () => table(accountTable()), count: () => data.accounts.length },
    credentials: { view: () => table(credentialTable()), count: () => data.credentials.length },
    roles: { view: () => table(roleTable()), count: () => data.roles.length },
    trail: { view: () => trail },
    unknown: { view: unknownView, count: () => data.findings.filter(f => f.outcome === 'UNKNOWN').length + data.problems.length },
  };

  const asked = /[#&]tab=([a-z]+)/.exec(location.hash);
  if (asked && Object.hasOwn(tabs, asked[1])) tab = asked[1];

  function show() {
    document.documentElement.lang = language;
    document.title = t('title');
    document.querySelectorAll('[data-t]').forEach(node => { node.textContent = t(node.dataset.t); });
    document.getElementById('as-of').textContent = `${t('as-of')} ${data.now.replace('T', ' ').replace('Z', ' UTC')}`;
    document.querySelectorAll('[data-language]').forEach(button =>
      button.setAttribute('aria-pressed', button.dataset.language === language));
    const bar = document.getElementById('tabs');
    bar.replaceChildren(...Object.entries(tabs).map(([id, { count }]) =>
      el('button', { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-selected': id === tab, on: { click: () => go(id) } },
        t(id), count ? el('span', { class: 'count' }, number(count())) : null)));
    document.getElementById('main').replaceChildren(...[tabs[tab].view()].flat());
  }
  function go(id, preset) {
    tab = id;
    presets = preset || {};
    show();
  }
  let presets = {};

  // ---- overview
  function overview() {
    const failing = data.findings.filter(f => f.outcome === 'FAIL').length;
    const verdict = data.problems.length ? 'incomplete' : failing ? 'fail' : 'clean';
    const words = { incomplete: t('verdict-incomplete'), fail: t('verdict-fail'), clean: t('verdict-clean') };
    const sum = field => data.accounts.reduce((total, account) => total + (account[field] || 0), 0);
    const tile = (value, label) => el('div', { class: 'tile' }, el('b', {}, number(value)), el('span', {}, label));
    const reviewed = data.accounts.filter(a => a.state === 'ok' || a.state === 'partial').length;
    return el('div', { class: 'cards' },
      el('section', { class: 'card wide' },
        el('p', { class: `verdict ${verdict}` }, words[verdict]),
        el('div', { class: 'tiles' },
          tile(failing, t('tile-findings')), tile(data.waived, t('tile-waived')),
          tile(data.findings.filter(f => f.outcome === 'UNKNOWN').length, t('tile-unknown')),
          tile(reviewed, t('tile-accounts')), tile(sum('users'), t('tile-users')), tile(sum('keys'), t('tile-keys')),
          tile(sum('roles'), t('tile-roles')))),
      card(t('chart-severity'), severityChart(), legend(LEVELS.slice(0, 4).map(l => [level(l), t(`severity-${l}`)]))),
      card(t('chart-mfa'), mfaChart(), hint(t('mfa-hint'))),
      card(t('chart-class'), data.has_trail ? classChart() : hint(t('no-trail')), data.has_trail ? hint(t('class-hint')) : null),
      card(t('chart-age'), ageChart()),
      el('section', { class: 'card wide' }, el('h2', {}, t('top-findings')), topFindings()));
  }
  const card = (title, ...content) => el('section', { class: 'card' }, el('h2', {}, title), ...content);
  const hint = text => el('p', { class: 'hint' }, text);
  const level = name => `var(--${name === 'informational' ? 'info' : name})`;
  const legend = entries => el('div', { class: 'legend' }, ...entries.map(([color, text]) =>
    el('span', {}, el('i', { style: `background:${color}` }), text)));

  // Horizontal bars: rows of [label, [[value, color]…], text].
  function bars(rows, labelWidth) {
    const most = Math.max(1, ...rows.map(([, parts]) => parts.reduce((sum, [value]) => sum + value, 0)));
    const width = 460, room = width - labelWidth - 56;
    const svg = draw('svg', { viewBox: `0 0 ${width} ${rows.length * 26 + 2}`, role: 'img' });
    rows.forEach(([label, parts, text], row) => {
      const y = row * 26 + 4;
      const shown = label.length > labelWidth / 7 ? `${label.slice(0, Math.floor(labelWidth / 7) - 1)}…` : label;
      svg.append(draw('text', { x: 0, y: y + 13 }, shown));
      let x = labelWidth;
      for (const [value, color] of parts) {
        const length = value / most * room;
        if (value) svg.append(draw('rect', { x, y, width: Math.max(length, 1), height: 17, fill: color }));
        x += length;
      }
      svg.append(draw('text', { x: x + 6, y: y + 13, class: 'soft' }, text));
    });
    return svg;
  }
  function severityChart() {
    const rows = data.accounts.filter(a => a.state === 'ok' || a.state === 'partial')
      .map(a => [a.name || a.id, a.failures.slice(0, 4).map((n, i) => [n, level(LEVELS[i])]), number(a.failures.reduce((x, y) => x + y))])
      .sort((a, b) => b[1].reduce((s, [n]) => s + n, 0) - a[1].reduce((s, [n]) => s + n, 0)).slice(0, 12);
    return bars(rows, 130);
  }
  function mfaChart() {
    const total = index => data.accounts.reduce((sum, a) => sum + (a.mfa[index] || 0), 0);
    const open = index => data.accounts.some(a => a.mfa[index] === null && (a.state === 'ok' || a.state === 'partial'));
    return bars([[t('mfa-a'), 0], [t('mfa-b'), 1], [t('mfa-c'), 2]].map(([label, index]) =>
      [label, [[total(index), level(index === 2 ? 'high' : 'medium')]], `${number(total(index))}${open(index) ? ' + ?' : ''}`]), 150);
  }
  const activeKeys = () => data.credentials.filter(row => row.key && row.key.active && !row.arn.endsWith(':root'));
  function classChart() {
    const colors = { active: 'var(--good)', shared: 'var(--unknown)', rare: 'var(--medium)', noise: 'var(--high)', unseen: 'var(--info)' };
    return bars(Object.entries(colors).map(([name, color]) => {
      const count = activeKeys().filter(row => useClass(row.key) === name).length;
      return [t(`class-${name}`), [[count, color]], number(count)];
    }), 110);
  }
  function ageChart() {
    const steps = [[0, 30], [31, 90], [91, 180], [181, 365], [366, 730], [731, Infinity]];
    return bars(steps.map(([from, to]) => {
      const count = activeKeys().filter(row => row.key.age !== null && row.key.age >= from && row.key.age <= to).length;
      const label = to === Infinity ? `${from}– ${t('days')}` : `${from}–${to} ${t('days')}`;
      return [label, [[count, level(from > 365 ? 'high' : from > 90 ? 'medium' : 'low')]], number(count)];
    }), 110);
  }
  function topFindings() {
    const groups = new Map();
    for (const f of data.findings) if (f.outcome === 'FAIL') groups.set(f.check, (groups.get(f.check) || 0) + 1);
    const rows = [...groups].slice(0, 12).map(([id, count]) => {
      const check = checks.get(id);
      const open = () => go('findings', { check: id });
      return el('tr', { class: 'opens', tabindex: 0, on: { click: open, keydown: event => { if (event.key === 'Enter') open(); } } },
        el('td', {}, chip(t(`severity-${check.severity}`), check.severity)), el('td', { class: 'number' }, number(count)),
        el('td', {}, el('code', {}, id)), el('td', { class: 'text' }, language === 'ja' ? check.title_ja : check.title));
    });
    return el('div', { class: 'table' }, el('table', {}, el('tbody', {}, ...rows)));
  }

  // ---- tables: columns of {text, value, cell?, number?}; filters of {id, label, options, test}
  function table({ id, rows, columns, filters, detail }) {
    const state = { query: '', sort: null, descending: false, page: 0, open: new Set(), chosen: { ...presets } };
    const body = el('tbody', {}), shown = el('span', { class: 'shown', role: 'status' }), pager = el('div', { class: 'pager' });
    const heads = columns.map((column, index) => el('th', { class: column.number && 'number', 'aria-sort': 'none', scope: 'col' },
      el('button', { type: 'button', on: { click: () => { state.descending = state.sort === index && !state.descending; state.sort = index; state.page = 0; fill(); } } }, column.text)));
    const search = el('input', { type: 'search', placeholder: t('search'), 'aria-label': t('search'),
      on: { input: event => { state.query = event.target.value.toLowerCase(); state.page = 0; fill(); } } });
    const selects = filters.map(filter => {
      const select = el('select', { 'aria-label': filter.label, 'data-filter': filter.id,
        on: { change: event => { state.chosen[filter.id] = event.target.value; state.page = 0; fill(); } } },
        el('option', { value: '' }, `${filter.label}: ${t('all')}`),
        ...filter.options.map(([value, text]) => el('option', { value, selected: state.chosen[filter.id] === value }, text)));
      return select;
    });
    const plain = value => (value === null || value === undefined ? '' : String(value));
    const haystack = rows.map(row => columns.map(column => plain(column.value(row))).join('\u0000').toLowerCase());

    function matching() {
      const kept = [];
      rows.forEach((row, index) => {
        if (state.query && !haystack[index].includes(state.query)) return;
        if (filters.every(filter => !state.chosen[filter.id] || filter.test(row, state.chosen[filter.id]))) kept.push(row);
      });
      if (state.sort === null) return kept;
      const value = columns[state.sort].order || columns[state.sort].value;
      const sign = state.descending ? -1 : 1;
      return kept.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x === y) return 0;
        if (x === null || x === undefined) return 1;
        if (y === null || y === undefined) return -1;
        return sign * (typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y), language));
      });
    }
    function line(row) {
      const cells = columns.map(column => el('td', { class: column.number ? 'number' : column.style }, column.cell ? column.cell(row) : plain(column.value(row))));
      if (!detail) return [el('tr', {}, ...cells)];
      const toggle = () => { state.open.has(row) ? state.open.delete(row) : state.open.add(row); fill(); };
      const open = state.open.has(row);
      const head = el('tr', { class: 'opens', tabindex: 0, 'aria-expanded': open,
        on: { click: toggle, keydown: event => { if (event.key === 'Enter') toggle(); } } }, ...cells);
      return open ? [head, el('tr', { class: 'detail' }, el('td', { colspan: columns.length }, detail(row)))] : [head];
    }
    function fill() {
      const kept = matching(), pages = Math.max(1, Math.ceil(kept.length / PAGE_ROWS));
      state.page = Math.min(state.page, pages - 1);
      heads.forEach((head, index) => head.setAttribute('aria-sort', state.sort !== index ? 'none' : state.descending ? 'descending' : 'ascending'));
      body.replaceChildren(...kept.slice(state.page * PAGE_ROWS, (state.page + 1) * PAGE_ROWS).flatMap(line));
      if (!kept.length) body.append(el('tr', {}, el('td', { colspan: columns.length, class: 'empty' }, t('none-match'))));
      shown.textContent = `${number(kept.length)} ${t('shown')}`;
      const step = (by, text, off) => el('button', { type: 'button', disabled: off ? '' : null, on: { click: () => { state.page += by; fill(); } } }, text);
      pager.replaceChildren(...(pages < 2 ? [] : [step(-1, t('previous'), state.page === 0),
        el('span', {}, `${t('page-of')} ${state.page + 1} / ${pages}`), step(1, t('next'), state.page === pages - 1)]));
    }
    fill();
    return [el('div', { class: 'filters' }, search, ...selects, shown),
      el('div', { class: 'table', 'data-table': id }, el('table', {}, el('thead', {}, el('tr', {}, ...heads)), body)), pager];
  }
  const accountFilter = () => ({ id: 'account', label: t('column-account'), options: data.accounts.map(a => [a.id, names.get(a.id)]), test: (row, id) => (row.account || row.id) === id });
  const yesNoFilter = (id, label, value) => ({ id, label, options: [['yes', t('yes')], ['no', t('no')], ['unknown', t('not-known')]],
    test: (row, chosen) => ({ yes: value(row) === true, no: value(row) === false, unknown: value(row) === null || value(row) === undefined })[chosen] });
  const accountColumn = () => ({ text: t('column-account'), value: row => `${names.get(row.account)} ${row.account}`, cell: row => names.get(row.account), style: 'id' });
  const definitions = entries => el('dl', {}, ...entries.filter(([, value]) => value).flatMap(([term, value]) => [el('dt', {}, term), el('dd', {}, value)]));

  function accountTable() {
    const failing = LEVELS.slice(0, 4).map((name, index) => ({ text: t(`severity-${name}`), value: a => a.failures[index], number: true }));
    const population = (text, index) => ({ text, value: a => a.mfa[index], cell: a => number(a.mfa[index]), number: true });
    return { id: 'accounts', rows: data.accounts, columns: [
      { text: t('column-name'), value: a => a.name || '', style: 'name' }, { text: t('column-account'), value: a => a.id, style: 'id' },
      { text: t('column-state'), value: a => t(`state-${a.state}`), cell: a => chip(t(`state-${a.state}`), a.state) }, ...failing,
      population(t('mfa-a'), 0), population(t('mfa-b'), 1), population(t('mfa-c'), 2),
      { text: t('column-users'), value: a => a.users, cell: a => number(a.users), number: true },
      { text: t('column-keys'), value: a => a.keys, cell: a => number(a.keys), number: true },
      { text: t('column-roles'), value: a => a.roles, cell: a => number(a.roles), number: true },
      { text: t('column-events'), value: a => a.events, cell: a => number(a.events), number: true }],
    filters: [{ id: 'state', label: t('column-state'), options: [...new Set(data.accounts.map(a => a.state))].map(s => [s, t(`state-${s}`)]), test: (a, s) => a.state === s }] };
  }

  function credentialTable() {
    const flag = (value, good) => chip(yesNo(value), value === null || value === undefined ? 'unknown' : value === good ? 'good' : 'no-good');
    return { id: 'credentials', rows: data.credentials, detail: keyDetail, columns: [
      accountColumn(), { text: t('column-user'), value: r => r.user, style: 'name' }, { text: t('column-owner'), value: r => r.owner, style: 'name' },
      { text: t('column-password'), value: r => yesNo(r.password) }, { text: t('column-mfa'), value: r => yesNo(r.mfa), cell: r => flag(r.mfa, true) },
      { text: t('column-privileged'), value: r => yesNo(r.privileged), cell: r => (r.privileged === false ? yesNo(false) : flag(r.privileged, false)) },
      { text: t('column-key'), value: r => keyName(r.key), cell: r => el('code', {}, keyName(r.key)), style: 'id' },
      { text: t('column-active'), value: r => (r.key ? yesNo(r.key.active) : '') },
      { text: t('column-age'), value: r => (r.key ? r.key.age : null), number: true },
      { text: t('column-used'), value: r => (r.key ? dayOrNever(r.key.used, r.key.used !== undefined) : ''), style: 'id' },
      { text: t('column-class'), value: r => (useClass(r.key) ? t(`class-${useClass(r.key)}`) : ''), cell: r => (useClass(r.key) ? chip(t(`class-${useClass(r.key)}`), useClass(r.key)) : '') },
      { text: t('column-calls'), value: r => (r.key ? r.key.calls : null), cell: r => (r.key && r.key.calls !== null ? number(r.key.calls) : ''), number: true }],
    filters: [accountFilter(), yesNoFilter('password', t('column-password'), r => r.password), yesNoFilter('mfa', t('column-mfa'), r => r.mfa),
      yesNoFilter('privileged', t('column-privileged'), r => r.privileged), yesNoFilter('active', t('column-active'), r => (r.key ? r.key.active : undefined)),
      { id: 'class', label: t('column-class'), options: ['active', 'shared', 'rare', 'noise', 'unseen'].map(c => [c, t(`class-${c}`)]), test: (r, c) => useClass(r.key) === c }] };
  }
  const counts = list => list.map(([name, n]) => `${name} (${number(n)})`).join(', ');
  function keyDetail(row) {
    const key = row.key;
    const about = definitions([[t('detail-arn'), el('code', {}, row.arn)], [t('detail-password-used'), row.password ? dayOrNever(row.password_used, row.password_used !== undefined) : '']]);
    if (!key) return el('div', {}, about, el('p', { class: 'soft' }, t('no-key')));
    if (key.calls === null) return el('div', {}, about, el('p', { class: 'soft' }, data.has_trail ? t('no-evidence') : t('no-trail')));
    const share = Math.floor(key.succeeded * 100 / key.calls);
    const more = key.address_count > key.addresses.length ? ` … (${number(key.address_count)} ${t('in-all')})` : '';
    return el('div', {}, about, definitions([
      [t('detail-window'), `${day(key.first)} – ${day(key.last)}`], [t('detail-success'), `${number(key.succeeded)} / ${number(key.calls)} (${share} %)`],
      [t('detail-callers'), counts(key.callers)], [t('detail-addresses'), counts(key.addresses) + more], [t('detail-services'), counts(key.services)],
      [t('detail-daily'), sparkline(key.daily)]]));
  }
  function sparkline(daily) {
    const most = Math.max(1, ...daily), svg = draw('svg', { viewBox: `0 0 ${daily.length * 4} 28`, style: `max-width:${daily.length * 4}px`, role: 'img' });
    daily.forEach((n, i) => { if (n) { const h = Math.max(1.5, n / most * 26); svg.append(draw('rect', { x: i * 4, y: 28 - h, width: 3, height: h, fill: 'var(--accent)' })); } });
    svg.append(draw('line', { x1: 0, y1: 28, x2: daily.length * 4, y2: 28, stroke: 'var(--line)' }));
    return svg;
  }

  function roleTable() {
    return { id: 'roles', rows: data.roles, detail: row => definitions([[t('detail-arn'), el('code', {}, row.arn)], [t('column-trusted'), row.trusted.join(', ')]]), columns: [
      accountColumn(), { text: t('column-role'), value: r => r.name, style: 'name' }, { text: t('column-owner'), value: r => r.owner, style: 'name' },
      { text: t('column-trusted'), value: r => r.trusted.join(', '), cell: r => r.trusted.slice(0, 2).join(', ') + (r.trusted.length > 2 ? ' …' : ''), style: 'name' },
      { text: t('column-privileged'), value: r => yesNo(r.privileged), cell: r => (r.privileged ? chip(yesNo(true), 'no-good') : yesNo(r.privileged)) },
      { text: t('column-age'), value: r => r.age, number: true }, { text: t('column-used'), value: r => dayOrNever(r.used, r.used !== undefined), style: 'id' },
      { text: t('column-calls'), value: r => r.calls, cell: r => number(r.calls), number: true }],
    filters: [accountFilter(), yesNoFilter('privileged', t('column-privileged'), r => r.privileged)] };
  }

  const findingColumns = () => [
    { text: t('column-severity'), value: f => t(`severity-${f.severity}`), order: f => LEVELS.indexOf(f.severity), cell: f => chip(t(`severity-${f.severity}`), f.severity) },
    { text: t('column-outcome'), value: f => t(`outcome-${f.outcome}`), cell: f => el('span', { class: f.outcome }, t(`outcome-${f.outcome}`)) },
    { text: t('column-check'), value: f => f.check, cell: f => el('code', {}, f.check) }, accountColumn(),
    { text: t('column-resource'), value: f => (f.key ? `${f.name} ${f.key}` : f.name), style: 'name' }, { text: t('column-finding'), value: sentence, style: 'text' }];
  function findingTable() {
    const rows = data.findings.filter(f => f.outcome !== 'UNKNOWN');
    return { id: 'findings', rows, columns: findingColumns(), detail: findingDetail, filters: [
      { id: 'severity', label: t('column-severity'), options: LEVELS.map(l => [l, t(`severity-${l}`)]), test: (f, l) => f.severity === l },
      { id: 'outcome', label: t('column-outcome'), options: ['FAIL', 'INFO'].map(o => [o, t(`outcome-${o}`)]), test: (f, o) => f.outcome === o }, accountFilter(),
      { id: 'check', label: t('column-check'), options: [...new Set(rows.map(f => f.check))].sort().map(id => [id, id]), test: (f, id) => f.check === id }] };
  }
  function findingDetail(finding) {
    const check = checks.get(finding.check), ja = language === 'ja';
    const source = index => { const s = data.sources[index]; return s ? `${s.file}${s.as_of ? ` (${s.as_of.replace('T', ' ')})` : ''}` : ''; };
    return definitions([[t('detail-rule'), ja ? check.rule_ja : check.rule], [t('detail-fix'), ja ? check.fix_ja : check.fix],
      [t('detail-arn'), el('code', {}, finding.arn)], [t('detail-evidence'), finding.evidence.map(source).join(', ')],
      [t('detail-maps'), Object.entries(check.maps).map(([name, ids]) => `${name}: ${ids.join(', ')}`).join('; ')]]);
  }

  function unknownView() {
    const part = (title, content) => [el('h2', {}, title), ...[content].flat(), el('p', {})];
    const rows = data.findings.filter(f => f.outcome === 'UNKNOWN');
    const parts = [];
    if (data.problems.length) parts.push(...part(t('problems'), table({ id: 'problems', rows: data.problems, filters: [], columns: [
      { text: t('column-file'), value: p => p.file, style: 'name' }, { text: t('column-problem'), value: p => p.message, style: 'text' }, { text: t('column-hint'), value: p => p.hint, style: 'text' }] })));
    if (data.not_given.length) parts.push(...part(t('not-given'), table({ id: 'not-given', rows: data.not_given, filters: [], columns: [
      { text: t('column-api'), value: n => n.api, style: 'name' }, { text: t('accounts'), value: n => n.accounts, number: true },
      { text: t('column-command'), value: n => n.command, cell: n => el('code', {}, n.command), style: 'text' }] })));
    parts.push(...part(t('unknown-verdicts'), table({ id: 'unknown', rows, columns: findingColumns(), detail: findingDetail, filters: [accountFilter()] })));
    return parts;
  }

  // ---- language
  document.querySelectorAll('[data-language]').forEach(button => button.addEventListener('click', () => {
    language = button.dataset.language;
    try { localStorage.setItem('kagimori-language', language); } catch { /* file:// may refuse; the choice lasts for this page then */ }
    show();
  }));
  show();
})();
