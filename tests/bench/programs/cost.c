/*
 * Runs a program and tells what it cost: its CPU time and memory, as JSON, behind what it says
 * itself on stderr. Ends as the program did.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long long microseconds(struct timeval t)
{
    return (long long)t.tv_sec * 1000000 + t.tv_usec;
}

int main(int argc, char **argv)
{
    struct rusage used;
    int status;
    pid_t pid;

    if (argc < 2) {
        fputs("usage: cost PROGRAM [ARGUMENT…]\n", stderr);
        return 2;
    }
    pid = fork();
    if (pid < 0)
        return EXIT_FAILURE;
    if (pid == 0) {
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    if (wait4(pid, &status, 0, &used) != pid)
        return EXIT_FAILURE;
    fprintf(stderr, "\n{\"cpu_us\":%lld,\"user_us\":%lld,\"system_us\":%lld,\"max_kib\":%ld}\n",
            microseconds(used.ru_utime) + microseconds(used.ru_stime), microseconds(used.ru_utime),
            microseconds(used.ru_stime), used.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
