// What Okta's own client reads from the fake, and writes to it.
'use strict';

const assert = require('node:assert/strict');
const { Client } = require('@okta/okta-sdk-nodejs');

const fake = JSON.parse(process.env.FAKE);
// Okta's client keeps answers; here every read must go out.
const client = (token) => new Client({ orgUrl: fake.url, token, cacheMiddleware: null });
const all = async (collection) => {
  const items = [];
  await (await collection).each((item) => items.push(item));
  return items;
};
/** As the API writes times; the client would send a date as it prints it. */
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const refused = async (call, status, code) => {
  await assert.rejects(call, (error) => {
    assert.equal(error.status, status, error.message);
    if (code) assert.equal(error.errorCode, code);
    return true;
  });
};

async function reads(okta) {
  const org = await okta.orgSettingApi.getOrgSettings();
  assert.equal(org.companyName, 'Acme');
  const apps = await all(okta.applicationApi.listApplications({ filter: 'name eq "amazon_aws"' }));
  assert.ok(apps.some((app) => app.id === fake.app_id && app.signOnMode === 'SAML_2_0'));
  const app = await okta.applicationApi.getApplication({ appId: fake.app_id });
  assert.equal(app.name, 'amazon_aws');
  const appUsers = await all(okta.applicationApi.listApplicationUsers({ appId: fake.app_id, limit: 500 }));
  assert.ok(appUsers.length > 0 && appUsers.every((user) => ['USER', 'GROUP'].includes(user.scope)));
  const appGroups = await all(okta.applicationApi.listApplicationGroupAssignments({ appId: fake.app_id, limit: 200 }));
  assert.ok(appGroups.length > 0 && appGroups.every((group) => Number.isInteger(group.priority)));
  const groups = await all(okta.groupApi.listGroups({ limit: 20 }));
  assert.equal(new Set(groups.map((group) => group.id)).size, groups.length, 'pages overlap');
  const whole = await all(okta.groupApi.listGroups({ limit: 200 }));
  assert.equal(groups.length, whole.length, 'small pages and large ones differ');
  const users = await all(okta.userApi.listUsers({ limit: 30 }));
  assert.ok(users.length > 30 && users.every((user) => user.profile.login));
  const schema = await okta.schemaApi.getApplicationUserSchema({ appInstanceId: fake.app_id });
  assert.ok(schema.definitions.base.properties);
  await all(okta.groupApi.listGroupRules({ limit: 50 }));
  return { groups, users };
}

async function admin(okta, { users }) {
  const me = await okta.userApi.getUser({ userId: 'me' });
  assert.ok(me.id);
  const roles = await okta.customRoleApi.listRoles();
  assert.ok(Array.isArray(roles.roles));
  const sets = await okta.resourceSetApi.listResourceSets();
  assert.ok(Array.isArray(sets.resource_sets));
  for (const user of users.slice(0, 5)) {
    await all(okta.roleAssignmentApi.listAssignedRolesForUser({ userId: user.id }));
  }
  await refused(() => okta.groupApi.getGroup({ groupId: '00gNobody' }), 404, 'E0000007');
}

async function writes(okta, { users }) {
  const user = users[0];
  const group = await okta.groupApi.createGroup({ group: { profile: { name: 'made by the client', description: 'x' } } });
  assert.match(group.id, /^00g/);
  await refused(
    () => okta.groupApi.createGroup({ group: { profile: { name: 'made by the client' } } }), 400, 'E0000001');
  await okta.groupApi.assignUserToGroup({ groupId: group.id, userId: user.id });
  const members = await all(okta.groupApi.listGroupUsers({ groupId: group.id }));
  assert.deepEqual(members.map((member) => member.id), [user.id]);
  const assignment = await okta.applicationApi.assignGroupToApplication({
    appId: fake.app_id, groupId: group.id, applicationGroupAssignment: { priority: 0 },
  });
  assert.equal(assignment.id, group.id);
  const assigned = await okta.applicationApi.getApplicationUser({ appId: fake.app_id, userId: user.id });
  assert.ok(['USER', 'GROUP'].includes(assigned.scope));
  const userId = user.id;
  await okta.roleAssignmentApi.assignRoleToUser({ userId, assignRoleRequest: { type: 'APP_ADMIN' } });
  const [role] = (await all(okta.roleAssignmentApi.listAssignedRolesForUser({ userId }))).filter(
    (held) => held.type === 'APP_ADMIN');
  const target = { userId, roleId: role.id, roleAssignmentId: role.id, appName: 'amazon_aws' };
  await okta.roleTargetApi.assignAppTargetToAdminRoleForUser(target);
  const targets = await all(okta.roleTargetApi.listApplicationTargetsForApplicationAdministratorRoleForUser(target));
  assert.deepEqual(targets.map((app) => app.name), ['amazon_aws']);
  await okta.applicationApi.unassignApplicationFromGroup({ appId: fake.app_id, groupId: group.id });
  await okta.groupApi.unassignUserFromGroup({ groupId: group.id, userId: user.id });
  await okta.groupApi.deleteGroup({ groupId: group.id });
  await refused(() => okta.groupApi.getGroup({ groupId: group.id }), 404, 'E0000007');
  const log = await all(okta.systemLogApi.listLogEvents({
    since: ago(3_600), until: ago(-60), limit: 100,
  }));
  const types = new Set(log.map((event) => event.eventType));
  for (const type of ['group.lifecycle.create', 'group.user_membership.add', 'group.application_assignment.add',
    'group.lifecycle.delete']) {
    assert.ok(types.has(type), `no ${type} in the log`);
  }
}

async function rights() {
  const weak = client(fake.tokens.group_admin);
  await refused(async () => all(weak.applicationApi.listApplications()), 403, 'E0000006');
  await refused(() => client('00notOneOfThem').orgSettingApi.getOrgSettings(), 401, 'E0000011');
}

async function serviceApp() {
  const of = (clientId, scopes) => new Client({
    orgUrl: fake.url, authorizationMode: 'PrivateKey', clientId, scopes, privateKey: fake.key,
    keyId: fake.service_apps.key_id, cacheMiddleware: null,
  });
  const { read_only_without_dpop: bearer, read_only: bound } = fake.service_apps.client_ids;
  for (const clientId of [bearer, bound]) {
    const okta = of(clientId, ['okta.users.read', 'okta.apps.read']);
    // Several pages, each with a proof of its own where the token is bound to a key.
    assert.ok((await all(okta.userApi.listUsers({ limit: 5 }))).length > 5);
    await refused(async () => all(okta.groupApi.listGroups()), 403);
  }
}

(async () => {
  const okta = client(fake.tokens.super);
  if (fake.org === 'generated') {
    const groups = await all(okta.groupApi.listGroups({ limit: 200 }));
    const users = await all(okta.applicationApi.listApplicationUsers({ appId: fake.app_id, limit: 500 }));
    assert.equal(groups.length, 5001, "with Everyone");
    assert.ok(users.length > 1000, String(users.length));
  } else {
    const seen = await reads(okta);
    await admin(okta, seen);
    await reads(client(fake.tokens.read_only));
    await writes(okta, seen);
    await rights();
    await serviceApp();
  }
  console.log(`ok: ${fake.org}`);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
