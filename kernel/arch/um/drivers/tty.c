// SPDX-License-Identifier: GPL-2.0
/* The tty layer's side of lines. What it does is in line.c. */
#include <linux/major.h>
#include <linux/module.h>
#include <linux/tty_driver.h>

#include <abi/host_con.h>

#include "console.h"
#include "line.h"

static struct um_line *to_line(struct tty_struct *tty)
{
	return container_of(tty->port, struct um_line, port);
}

static int line_install(struct tty_driver *driver, struct tty_struct *tty)
{
	struct line_set *set = driver->driver_state;
	struct um_line *line = set->lines[tty->index];

	return line ? tty_port_install(&line->port, driver, tty) : -ENODEV;
}

static int line_open(struct tty_struct *tty, struct file *filp)
{
	return tty_port_open(tty->port, tty, filp);
}

static void line_close(struct tty_struct *tty, struct file *filp)
{
	tty_port_close(tty->port, tty, filp);
}

static void line_hangup(struct tty_struct *tty)
{
	tty_port_hangup(tty->port);
}

/* With output processing on, N_TTY hands a line over in pieces (text, CR LF)
 * and calls flush_chars behind them: one host call for all. */
static ssize_t line_write(struct tty_struct *tty, const u8 *buf, size_t count)
{
	if (O_OPOST(tty))
		return um_line_queue(to_line(tty), buf, count);
	return um_line_write(to_line(tty), buf, count);
}

static void line_flush_chars(struct tty_struct *tty)
{
	um_line_write(to_line(tty), NULL, 0);
}

static unsigned int line_write_room(struct tty_struct *tty)
{
	return um_line_room(to_line(tty));
}

static unsigned int line_chars_in_buffer(struct tty_struct *tty)
{
	return um_line_pending(to_line(tty));
}

static void line_flush_buffer(struct tty_struct *tty)
{
	um_line_discard(to_line(tty));
	tty_wakeup(tty);
}

static void line_throttle(struct tty_struct *tty)
{
	um_line_throttle(to_line(tty), true);
}

static void line_unthrottle(struct tty_struct *tty)
{
	um_line_throttle(to_line(tty), false);
}

/* Called before the line discipline changes over, with input held off. */
static void line_set_termios(struct tty_struct *tty,
			     const struct ktermios *old)
{
	if ((tty->termios.c_lflag ^ old->c_lflag) & ICANON)
		um_line_mode_changed(to_line(tty));
}

static const struct tty_operations line_ops = {
	.install	 = line_install,
	.open		 = line_open,
	.close		 = line_close,
	.hangup		 = line_hangup,
	.write		 = line_write,
	.flush_chars	 = line_flush_chars,
	.write_room	 = line_write_room,
	.chars_in_buffer = line_chars_in_buffer,
	.flush_buffer	 = line_flush_buffer,
	.throttle	 = line_throttle,
	.unthrottle	 = line_unthrottle,
	.set_termios	 = line_set_termios,
};

/* ---- window size ---- */

static bool host_window(struct um_line *line, struct winsize *ws)
{
	struct host_end *end = line->chan.in;

	*ws = (struct winsize){};
	return end && !host_con_winsize(end, &ws->ws_row, &ws->ws_col);
}

static void resize(struct um_line *line)
{
	struct tty_struct *tty = tty_port_tty_get(&line->port);
	struct winsize ws;

	if (!tty)
		return;
	if (host_window(line, &ws))
		tty_do_resize(tty, &ws);
	tty_kref_put(tty);
}

static void resize_set(struct line_set *set)
{
	unsigned int i;

	for (i = 0; i < set->num; i++)
		if (set->lines[i] && set->lines[i]->chan.is_terminal)
			resize(set->lines[i]);
}

static void resize_all(struct work_struct *work)
{
	resize_set(&um_con_lines);
	resize_set(&um_ssl_lines);
}

static DECLARE_WORK(resize_work, resize_all);

/* Called in hard interrupt context when the host's window has changed. */

void um_console_winch(void)
{
	schedule_work(&resize_work);
}

/* ---- first open and last close ---- */

static int port_activate(struct tty_port *port, struct tty_struct *tty)
{
	struct um_line *line = container_of(port, struct um_line, port);
	struct winsize ws;
	int err = um_line_start(line);

	if (err)
		return err;
	if (host_window(line, &ws))
		tty->winsize = ws;
	if (line->set->raw && line->chan.is_terminal)
		host_con_raw(line->chan.in);
	um_line_open(line);
	return 0;
}

static void port_shutdown(struct tty_port *port)
{
	um_line_close(container_of(port, struct um_line, port));
}

static const struct tty_port_operations port_ops = {
	.activate = port_activate,
	.shutdown = port_shutdown,
};

/* ---- registration ---- */

static void register_line(struct um_line *line, struct tty_driver *driver)
{
	struct device *dev;

	line->port.ops = &port_ops;
	dev = tty_port_register_device(&line->port, driver, line->index, NULL);
	if (IS_ERR(dev))
		pr_err("%s%u: device: error %ld\n", line->set->option,
		       line->index, PTR_ERR(dev));
	if (um_line_start(line))
		pr_err("%s%u: no host event free\n", line->set->option,
		       line->index);
	if (line->chan.kind == HOST_CHAN_PTS)
		pr_info("%s%u: host device %s\n", line->set->option,
			line->index, line->chan.name);
}

int um_lines_register(struct line_set *set)
{
	struct tty_driver *driver;
	unsigned int i;
	int err;

	driver = tty_alloc_driver(set->num, TTY_DRIVER_REAL_RAW |
				  TTY_DRIVER_DYNAMIC_DEV);
	if (IS_ERR(driver))
		return PTR_ERR(driver);
	driver->driver_name = set->option;
	driver->name = set->dev;
	driver->major = TTY_MAJOR;
	driver->minor_start = set->minor;
	driver->type = set->type;
	driver->subtype = set->subtype;
	driver->init_termios = tty_std_termios;
	driver->driver_state = set;
	tty_set_operations(driver, &line_ops);
	err = tty_register_driver(driver);
	if (err) {
		tty_driver_kref_put(driver);
		return err;
	}
	set->driver = driver;
	for (i = 0; i < set->num; i++)
		if (set->lines[i])
			register_line(set->lines[i], driver);
	return 0;
}
