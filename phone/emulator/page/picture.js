/** Where a picture is shown from: always this machine. */

/** A photo as an iPhone takes it, which few browsers can draw: the line answers one they can. */
const HEIC = /\.hei[cf]$/i;

/** Whether a chosen file is a photo. Some systems do not know the type of HEIC; its name tells. */
export const isPhoto = (file) => file.type.startsWith("image/") || HEIC.test(file.name);

/** The type of a photo as the line wants to know it. */
export const typeOf = (file) => (HEIC.test(file.name) || file.type === "image/heif" ? "image/heic" : file.type);

/**
 * An address an `img` or a background may use. What the line or this page's own server holds is
 * taken from there; for anything that lives elsewhere the line answers a stand-in, and fetches nothing.
 */
export function shownFrom(address) {
  const url = URL.canParse(address, location.origin) ? new URL(address, location.origin) : null;
  if (url?.origin === location.origin && !HEIC.test(url.pathname)) return url.pathname + url.search;
  return `handset/media?url=${encodeURIComponent(url?.href ?? address)}`;
}
