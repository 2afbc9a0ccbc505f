/*
 * Makes a manual page from its template: the line @OPTIONS@ or @KEYS@ becomes the list of all
 * options, as flags or as keys of the file, so that the page says what the program does.
 *
 * usage: manual TEMPLATE > PAGE
 */
#include "api/config/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* mdoc takes a line's leading dot or quote for its own. */
static void print_text(const char *text)
{
    printf("%s%s", text[0] == '.' || text[0] == '\'' ? "\\&" : "", text);
}

/* The help, as a sentence. */
static void print_sentence(const char *text)
{
    printf("%c%s.\n", text[0] >= 'a' && text[0] <= 'z' ? text[0] - 'a' + 'A' : text[0], text + 1);
}

static void print_row(const struct option_row *row, int flag)
{
    if (flag)
        printf(".It Fl -%s Ar %s\n", row->name, row->argument);
    else
        printf(".It Cm %s No = Ar %s\n", row->name, row->argument);
    print_sentence(row->help);
    printf("It must be ");
    print_text(row->must);
    printf(".\nDefault: %s.\n", row->usual);
    if (row->reloadable)
        printf("Read again at\n.Dv SIGHUP .\n");
}

static void print_rows(int flag)
{
    for (size_t i = 0; i < CONFIG_OPTIONS; i++)
        print_row(&option_rows[i], flag);
}

int main(int argc, char **argv)
{
    FILE *template = argc == 2 ? fopen(argv[1], "r") : NULL;
    char *line = NULL;
    size_t size = 0;

    if (template == NULL)
        return EXIT_FAILURE;
    while (getline(&line, &size, template) >= 0) {
        const char *rest = line;

        if (strncmp(line, "@OPTIONS@", 9) == 0 || strncmp(line, "@KEYS@", 6) == 0) {
            print_rows(line[1] == 'O');
            rest = strchr(line + 1, '@') + 1;
        }
        printf("%s", rest);
    }
    free(line);
    fclose(template);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
