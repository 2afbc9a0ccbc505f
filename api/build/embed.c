/*
 * Turns a file into a C source that holds its bytes, for what the service hands out as it is.
 *
 * usage: embed NAME FILE > SOURCE      gives: const unsigned char NAME[]; const size_t NAME_len;
 */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
    int c, column = 0;

    if (file == NULL)
        return EXIT_FAILURE;
    printf(
        "#include <stddef.h>\n\nextern const unsigned char %s[];\nextern const size_t %s_len;\n\n"
        "const unsigned char %s[] = {",
        argv[1], argv[1], argv[1]);
    while ((c = getc(file)) != EOF)
        printf("%s%d,", column++ % 24 == 0 ? "\n    " : "", c);
    printf("\n};\nconst size_t %s_len = sizeof(%s);\n", argv[1], argv[1]);
    fclose(file);
    return ferror(stdout) || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
