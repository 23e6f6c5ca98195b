/** The version of this program: in user agents, assessments and `--version`. A test holds it equal to package.json. */
export const VERSION = '0.2.0';
