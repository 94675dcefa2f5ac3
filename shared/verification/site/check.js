'use strict';

// What is typed never leaves the browser: the first signs of its hash choose the file that is asked for, and the rest is
// compared here.
(() => {
  const byId = (id) => document.getElementById(id);
  const form = byId('check');
  const field = byId('reference');
  const answer = byId('answer');
  const edition = document.querySelector('meta[name="edition"]').content;
  let asked = 0;

  // As `canonical` of the crate that writes the shards.
  function canonical(typed) {
    const narrow = typed.replace(/[\uff01-\uff5e]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0));
    const signs = narrow.replace(/[^0-9A-Za-z]/g, '').toUpperCase();
    const parts = /^([0-9A-Z]{1,30})([2-9A-HJ-NP-Z]{10})$/.exec(signs);
    return parts && `${parts[1]}-${parts[2]}`;
  }

  async function sha256(bytes) {
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  async function fetched(path) {
    const response = await fetch(path, { cache: 'no-cache', credentials: 'omit', referrerPolicy: 'no-referrer' });
    if (!response.ok) throw new Error(path);
    return new Uint8Array(await response.arrayBuffer());
  }

  // The places of the notices that the reference stands in. Files that were not made together answer nothing.
  async function look(reference) {
    const print = (await sha256(new TextEncoder().encode(reference))).slice(0, 32);
    const text = (bytes) => new TextDecoder().decode(bytes);
    const manifest = JSON.parse(text(await fetched('../breach-notices.json')));
    if (manifest.version !== 1 || manifest.edition !== edition) throw new Error('edition');
    const shard = `${print.slice(0, manifest.references.digits) || 'all'}.txt`;
    const bytes = await fetched(shard);
    const signed = manifest.files[`.well-known/breach-notices/${shard}`];
    if (await sha256(bytes) !== signed) throw new Error('shard');
    const line = text(bytes).split('\n').find((line) => line.startsWith(`${print} `));
    const places = line ? line.split(' ')[1].split(',') : [];
    return { places, issuedAt: manifest.issued_at };
  }

  function say(id, places = [], issuedAt = '') {
    const said = byId(id).content.cloneNode(true);
    for (const place of places) {
      const notice = byId(`notice-${place}`).cloneNode(true);
      notice.removeAttribute('id');
      said.querySelector('.found').append(notice);
    }
    const time = said.querySelector('time:empty');
    if (time) {
      time.dateTime = issuedAt;
      time.textContent = new Date(issuedAt).toLocaleString(document.documentElement.lang);
    }
    answer.replaceChildren(said);
  }

  async function check() {
    const mine = ++asked;
    answer.replaceChildren();
    const reference = canonical(field.value);
    if (!reference) return say('malformed');
    try {
      const { places, issuedAt } = await look(reference);
      if (mine === asked) say(places.length ? 'ours' : 'not-ours', places, issuedAt);
    } catch {
      if (mine === asked) say('cannot');
    }
  }

  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    check();
  });

  // A link may carry the reference behind a number sign, which no server gets to see.
  function fromLink() {
    if (location.hash.length < 2) return;
    try {
      field.value = decodeURIComponent(location.hash.slice(1));
    } catch {
      field.value = location.hash.slice(1);
    }
    check();
  }
  window.addEventListener('hashchange', fromLink);
  fromLink();

  // The reference goes along into the other languages.
  for (const link of document.querySelectorAll('nav a')) {
    link.addEventListener('click', () => {
      if (field.value) link.hash = encodeURIComponent(field.value);
    });
  }
})();
