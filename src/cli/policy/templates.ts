/** The policy of `usher policy init`. */
export const policyTemplate = `# yaml-language-server: $schema=.schema/policy.schema.json
# Who may subscribe to which channels. Usher refuses every other channel.
version: 1

# What the rules need to know of your application, which stores it on the operator’s port of Usher:
# PUT /facts/project/7 with {"status":"open","members":["15","16"]}
facts:
  project:
    about: a project
    ids: [project]
    fields:
      status: { type: string, one_of: [open, archived] }
      members: list(string)

channels:
  private-project-{project}: # such as private-project-7
    about: the members of the project, while it is open
    also: [presence] # presence-project-7 has the same rules
    params: { project: id } # letters, digits, - and _
    facts:
      project: [params.project] # the rules read it as facts.project
    allow: # the checks of each kind of principal, which must all hold; another kind is refused
      user: # who has a token of your application: id, and tenant, name and roles if the token has them
        project is open: facts.project.status == 'open'
        user is a member: user.id in facts.project.members
    list: # GET /api/channels
      user: { fact: project, where: { members: user.id } }
    member: # what the other members of the presence channel see
      user: { id: user.id, info: { name: user.name } }
`;

/** The tests of that policy. */
export const testTemplate = `# yaml-language-server: $schema=.schema/policy-test.schema.json
# Decisions that the policy must make. usher policy test also tries variations of each granted one, which must be refused:
# another user, another project, another prefix. It fails if a check refuses no case.
principals:
  ada: { kind: user, id: '15' }
  ben: { kind: user, id: '17' }

facts:
  project:
    - { project: '7', status: open, members: ['15', '16'] }
    - { project: '8', status: archived, members: ['15'] }

expect:
  - { who: ada, channel: presence-project-7, grant: true }
  - { who: ben, channel: private-project-7, refuse: not-allowed }
  - { who: ada, channel: private-project-8, refuse: not-allowed } # archived
  - { who: ada, channel: private-project-9, refuse: not-allowed } # no such project
  - { channel: private-project-7, refuse: credential-missing }
`;
