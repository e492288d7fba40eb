// A hosted app in its frame: when it has come, how it fares, and that its page is gone.
(() => {
  'use strict';
  const hosted = document.querySelector('[data-hosted]');
  if (!hosted) return;
  const frame = hosted.querySelector('iframe');
  const banner = hosted.querySelector('.watch');
  const EVERY = 5000;
  const root = document.documentElement;

  frame.addEventListener('load', () => hosted.classList.add('is-here'));

  // The app follows the theme: it is told in its address, and loaded anew when somebody chooses another.
  document.addEventListener('click', event => {
    const link = event.target.closest('a[data-theme-choice]');
    if (!link || !event.defaultPrevented) return;
    location.reload();
  });

  const say = (words, link) => {
    const notice = document.createElement('p');
    notice.className = 'notice bad';
    const strong = document.createElement('strong');
    strong.textContent = words;
    notice.append(strong);
    if (link) {
      const way = document.createElement('a');
      way.href = link.href;
      way.textContent = link.words;
      notice.append(' ', way);
    }
    banner.replaceChildren(notice);
  };

  // A drawing that says nothing new is left alone, so that it is not read out again.
  let shown = '';
  const show = html => {
    if (html === shown) return;
    shown = html;
    banner.innerHTML = html;
    // the view as it is now, not as the dashboard opens
    const again = banner.querySelector('[data-again]');
    if (again) again.href = location.href;
  };
  const here = encodeURIComponent(location.pathname + location.search);
  let since;
  const time = () => new Date(since).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  let over = false;

  const ask = async () => {
    if (over || document.hidden) return;
    let answer;
    try {
      answer = await fetch(hosted.dataset.watch, { headers: { 'HX-Request': 'true' }, redirect: 'manual', cache: 'no-store' });
    } catch {
      since ||= Date.now();
      shown = 'lost';
      return say(`Not updating since ${time()}: the server does not answer.`);
    }
    if (answer.status === 401) {
      over = true;
      return say('You are signed out.', { href: `/login?next=${here}`, words: 'Sign in again' });
    }
    if (answer.status === 403 || answer.status === 404) {
      over = true;
      return say('You may no longer see this.', { href: '/?all=1', words: 'My tenants' });
    }
    if (!answer.ok) {
      since ||= Date.now();
      shown = 'lost';
      return say(`Not updating since ${time()}: the server could not answer.`);
    }
    since = undefined;
    show((await answer.text()).trim());
  };
  if (hosted.dataset.watch) {
    setInterval(ask, EVERY);
    document.addEventListener('visibilitychange', ask);
    window.addEventListener('pageshow', event => event.persisted && ask());
  }

  // So that an app opened for another tenant in this tab is not taken for this one.
  window.addEventListener('pagehide', () => {
    fetch(hosted.dataset.close, { method: 'POST', keepalive: true }).catch(() => {});
  });
})();
