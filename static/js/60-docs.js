// The API's documentation: each operation is tried with the session of this page.
(() => {
  'use strict';
  const request = form => {
    let path = form.dataset.path;
    const query = new URLSearchParams();
    for (const field of form.querySelectorAll('[data-in]')) {
      if (field.dataset.in === 'path') path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
      else if (field.value !== '') query.append(field.name, field.value);
    }
    const body = form.querySelector('textarea');
    const init = { method: form.dataset.method, headers: { accept: 'application/json' } };
    if (body && body.value.trim()) {
      init.headers['content-type'] = 'application/json';
      init.body = body.value;
    }
    return [query.size ? `${path}?${query}` : path, init];
  };

  const words = async response => {
    const type = response.headers.get('content-type') || '';
    const text = await response.text();
    if (!/json/.test(type)) return text;
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  };

  const show = (place, line, text) => {
    const said = document.createElement('p');
    said.textContent = line;
    const answer = document.createElement('pre');
    answer.tabIndex = 0;
    answer.textContent = text.length > 50000 ? `${text.slice(0, 50000)}\n…` : text;
    place.replaceChildren(said, ...(text ? [answer] : []));
  };

  document.addEventListener('submit', async event => {
    const form = event.target.closest('form.try');
    if (!form) return;
    event.preventDefault();
    const place = form.querySelector('.tried');
    const [path, init] = request(form);
    place.textContent = 'Asking …';
    const began = performance.now();
    try {
      const response = await fetch(path, init);
      const text = await words(response);
      const took = Math.round(performance.now() - began);
      show(place, `${init.method} ${path}: ${response.status} ${response.statusText}, ${took} ms, reference ${response.headers.get('x-correlation-id') || 'none'}`, text);
    } catch {
      show(place, `${init.method} ${path}: no answer. Is the server running?`, '');
    }
  });
})();
