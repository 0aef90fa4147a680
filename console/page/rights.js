/** What whoever is logged in may do; the server asks the same and has the last word. */

const RANK = ["viewer", "operator", "admin"];

let role = "viewer";

/** Take in what they are; whether that is news. */
export function be(next) {
  const isNews = next !== role;
  role = next;
  return isNews;
}

export const mayAct = () => RANK.indexOf(role) >= RANK.indexOf("operator");

export const mayRule = () => role === "admin";
