const key = 'usher-theme';

/** Applies the theme of the select, and keeps it for the next visit. */
export function startTheme(select) {
  select.value = localStorage.getItem(key) ?? '';
  const apply = () => {
    if (select.value === '') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = select.value;
  };
  select.addEventListener('change', () => {
    localStorage.setItem(key, select.value);
    apply();
  });
  apply();
}
