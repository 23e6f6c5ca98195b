/** docker/login-action. Source: docker/login-action v4.6.0, `src/docker.ts`. */
import { logIn, logOut } from '../registry-access.ts';
import { failed, isOn, type ActionCall, type ActionDouble, type ActionEnd } from './action.ts';

export const login: ActionDouble = {
  name: 'docker/login-action',
  commit: 'dbcb813823bdd20940b903addbd779551569679f',
  version: 'v4.6.0',
  inputs: {
    registry: null,
    username: null,
    password: null,
    scope: null,
    ecr: 'auto',
    logout: 'true',
    'registry-auth': null,
  },
  run: (call) => Promise.resolve(logInAs(call)),
  post: ({ input, machine }) => {
    if (isOn(input('logout'))) logOut(machine, hostOf(input));
  },
};

const hostOf = (input: ActionCall['input']): string => (input('registry') === '' ? 'docker.io' : input('registry'));

function logInAs({ input, facts, machine, services, log }: ActionCall): ActionEnd {
  const [username, password] = [input('username'), input('password')];
  if (username === '' || password === '') return failed('Username and password required');
  const host = hostOf(input);
  log(`Logging into ${host}...`);
  const isRight = host === 'ghcr.io' ? password === facts.token : services.registry.accepts({ username, password });
  if (!isRight) return failed(`Error response from daemon: Get "https://${host}/v2/": denied: denied`);
  logIn(machine, host, { username, password });
  log('Login Succeeded!');
  return { outputs: {} };
}
