/** Where a picture is shown from: always this machine. */

/**
 * An address an `img` or a background may use. What the line or this page's own server holds is
 * taken from there; for anything that lives elsewhere the line answers a stand-in, and fetches nothing.
 */
export function shownFrom(address) {
  const url = URL.canParse(address, location.origin) ? new URL(address, location.origin) : null;
  if (url?.origin === location.origin) return url.pathname + url.search;
  return `/handset/media?url=${encodeURIComponent(address)}`;
}
