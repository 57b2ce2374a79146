// SPDX-License-Identifier: GPL-2.0
/* Parse the words of `ip tuntap`. See words.h. */
#include <ctype.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <pwd.h>
#include <string.h>

#include "names.h"
#include "options.h"
#include "util.h"
#include "words.h"

/* the largest id is "no id" */
#define ID_MAX	0xfffffffeU

int64_t user_id(const char *text)
{
	struct passwd *pw;

	if (isdigit((unsigned char)*text))
		return parse_number("user", text, 0, ID_MAX);
	pw = getpwnam(text);
	if (!pw)
		wrong_use("user: there is no user '%s'", text);
	return pw->pw_uid;
}

int64_t group_id(const char *text)
{
	struct group *gr;

	if (isdigit((unsigned char)*text))
		return parse_number("group", text, 0, ID_MAX);
	gr = getgrnam(text);
	if (!gr)
		wrong_use("group: there is no group '%s'", text);
	return gr->gr_gid;
}

static unsigned int parse_mode(const char *text)
{
	if (!strcmp(text, "tun"))
		return IFF_TUN;
	if (!strcmp(text, "tap"))
		return IFF_TAP;
	wrong_use("mode: '%s' is neither tun nor tap", text);
}

static bool parse_flag(const char *word, struct dev_request *req)
{
	unsigned int flag;

	if (!strcmp(word, "pi"))
		req->clear |= IFF_NO_PI;
	else if (find_value(iff_names, word, &flag) && flag != IFF_PERSIST)
		req->flags |= flag;
	else
		return false;
	return true;
}

static void set_name(struct dev_request *req, const char *name)
{
	if (req->name)
		wrong_use("two names: '%s' and '%s'", req->name, name);
	req->name = name;
}

void parse_words(int argc, char **argv, struct words *words)
{
	static const char * const valued[] = { "dev", "name", "mode", "user", "group" };
	const char *word, *value;

	words->user = -1;
	words->group = -1;
	while (optind < argc) {
		word = argv[optind++];
		if (parse_flag(word, &words->req))
			continue;
		value = NULL;
		for (size_t i = 0; i < ARRAY_SIZE(valued); i++)
			if (!strcmp(word, valued[i]))
				value = optind < argc ? argv[optind++] : "";
		if (!value)
			set_name(&words->req, word);
		else if (!*value)
			wrong_use("'%s' needs a value after it", word);
		else if (!strcmp(word, "mode"))
			words->req.flags |= parse_mode(value);
		else if (!strcmp(word, "user"))
			words->user = user_id(value);
		else if (!strcmp(word, "group"))
			words->group = group_id(value);
		else
			set_name(&words->req, value);
	}
}
