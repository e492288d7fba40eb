// Forms: a picked date fills its text field; a demo account fills the sign-in form.
(() => {
  'use strict';
  document.addEventListener('change', event => {
    const picker = event.target.closest('[data-fills]');
    const field = picker && document.getElementById(picker.dataset.fills);
    if (field && picker.value) field.value = picker.value;
  });
  document.addEventListener('click', event => {
    const account = event.target.closest('a[data-email]');
    const email = document.getElementById('email');
    const password = document.getElementById('password');
    if (!account || !email || !password || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    email.value = account.dataset.email;
    password.value = account.dataset.password;
    email.form.querySelector('[type="submit"]').focus();
  });
})();
// The accent of a tenant's form is shown as it is typed.
(() => {
  'use strict';
  const sheet = document.querySelector('link[data-preview]');
  const field = sheet && document.getElementById(sheet.dataset.preview);
  if (!field) return;
  field.addEventListener('input', () => {
    const accent = field.value.trim();
    if (accent && !/^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(accent)) return;
    const url = new URL(sheet.href);
    url.searchParams.set('accent', accent);
    sheet.href = url.pathname + url.search;
  });
})();
