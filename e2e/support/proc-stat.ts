/**
 * The fields of a `/proc/PID/stat` from the state on (proc_pid_stat(5), which calls the first of them the third). The name
 * before them may hold spaces and brackets itself.
 */
export const statFields = (stat: string): string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ')
