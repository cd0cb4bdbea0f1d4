'use strict';
// Clicks through the page and writes `ok …` or `FAILED …`, one line per check, into the element `self-test`.
(() => {
  const lines = [];
  const check = (holds, what) => lines.push(`${holds ? 'ok' : 'FAILED'} ${what}`);
  const all = selector => [...document.querySelectorAll(selector)];
  const rows = () => all('main tbody tr:not(.detail)').filter(row => !row.querySelector('.empty')).length;
  const shown = () => Number(all('main .shown')[0].textContent.replace(/[^0-9]/g, ''));
  const tabs = ['overview', 'findings', 'accounts', 'credentials', 'roles', 'unknown'];
  const japanese = /[\u3040-\u30ff\u4e00-\u9fff]/;
  const texts = JSON.parse(document.getElementById('texts').textContent);
  try {
    for (const language of ['en', 'ja']) {
      document.querySelector(`[data-language=${language}]`).click();
      check(document.documentElement.lang === language, `lang is ${language}`);
      for (const tab of tabs) {
        document.getElementById(`tab-${tab}`).click();
        const main = document.getElementById('main');
        check(main.textContent.length > 10, `${tab} has content in ${language}`);
        const raw = Object.keys(texts).filter(key => key.includes('-') && all('main th, main h2, nav button, main option').some(node => node.textContent === key));
        check(raw.length === 0, `no raw text key on ${tab} in ${language} (${raw.slice(0, 3)})`);
        if (language === 'ja') {
          const heads = all('main th').map(head => head.textContent).filter(text => !japanese.test(text) && !['MFA', 'ARN'].includes(text));
          check(heads.length === 0, `headings of ${tab} are Japanese (${heads.slice(0, 3)})`);
        }
      }
    }
    document.querySelector('[data-language=en]').click();
    document.getElementById('tab-findings').click();
    const before = shown(), search = document.querySelector('main input[type=search]');
    search.value = 'no such finding anywhere';
    search.dispatchEvent(new Event('input'));
    check(shown() === 0 && rows() === 0, 'a search without a match shows no row');
    search.value = '';
    search.dispatchEvent(new Event('input'));
    check(shown() === before && before > 0, 'an empty search shows all again');
    const severity = document.querySelector('[data-filter=severity]');
    severity.value = 'high';
    severity.dispatchEvent(new Event('change'));
    check(shown() < before && all('main tbody tr.opens td:first-child').every(cell => cell.textContent === 'high'), 'the severity filter filters');
    severity.value = '';
    severity.dispatchEvent(new Event('change'));
    document.querySelector('main tbody tr.opens').click();
    check(all('main tr.detail').length === 1, 'a row opens');
    check(document.querySelector('main tr.detail').textContent.includes('What to do'), 'an open row says what to do');
    document.getElementById('tab-credentials').click();
    const column = 8, cells = () => all('main tbody tr.opens').map(row => row.children[column].textContent).filter(text => text).map(Number);
    const sorter = all('main th button')[column];
    sorter.click();
    const up = cells();
    sorter.click();
    const down = cells();
    check(up.every((age, i) => i === 0 || up[i - 1] <= age), 'ages sort upwards');
    check(down.every((age, i) => i === 0 || down[i - 1] >= age), 'ages sort downwards');
    const users = shown(), mfa = document.querySelector('[data-filter=mfa]'), password = document.querySelector('[data-filter=password]');
    mfa.value = 'no';
    mfa.dispatchEvent(new Event('change'));
    password.value = 'yes';
    password.dispatchEvent(new Event('change'));
    check(shown() <= users, 'MFA disabled and password enabled is two filters');
    check(all('main tbody tr').length <= 205, 'a page of rows, not all of them');
    check(!document.body.dataset.broken && all('img').length === 0, 'no name became markup');
  } catch (error) {
    lines.push(`FAILED the self-test stopped: ${error.stack}`);
  }
  const result = document.createElement('pre');
  result.id = 'self-test';
  result.textContent = lines.join('\n');
  document.body.append(result);
})();
