/** What stands beside the phone on the desk: each room of it adds its own buttons and panels. */

const ROOMS = ["./prompts.js", "./branches.js", "./begin_side.js", "./record.js", "./replay.js", "./retry.js"];

/**
 * @param {{store: Store, thread: Thread, composer: Composer, menu: Menu}} phone the parts of the page
 */
export async function beside(phone) {
  const rooms = await Promise.all(ROOMS.map((room) => import(room)));
  await Promise.all(rooms.map((room) => room.beside(phone)));
}
