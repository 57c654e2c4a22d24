/*
 * The frame around every screen: the top line (where one is, and what needs one), the bottom
 * line (the keys that matter here, or the last message), and the palette above.
 */
#ifndef TUI_FRAME_H
#define TUI_FRAME_H

#define FRAME_TOP    1 /* rows above a screen */
#define FRAME_BOTTOM 1 /* rows below it */

struct app;

/* Draws everything and sends what changed. */
void frame_draw(struct app *app);

#endif
